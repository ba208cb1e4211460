"""The tab "Engagement and reach": does reach explain the engagement rate, and is it worth watching?"""

from collections.abc import Callable
from dataclasses import astuple

import pandas as pd
import streamlit as st

from dashboard.account import Opened
from dashboard.charts import tweets as figures
from dashboard.panels.tweets.changed import Period
from dashboard.panels.tweets.month import card
from dashboard.panels.tweets.words import chart
from engine.tweets.reach import ReachAnswer, explain, months_only

_VERDICTS = {
    "explained": ("Reach explains it", ":material/check:", "green"),
    "partly": ("Reach explains a part", ":material/contrast:", "orange"),
    "not explained": ("Reach does not explain it", ":material/close:", "orange"),
    "cannot tell": ("Cannot tell", ":material/question_mark:", "grey"),
}


def draw(opened: Opened, before: Period, after: Period) -> None:
    """The answer in words, the parts of the change, and each type's elasticity."""
    answer = _answer(opened, before, after)
    text, icon, colour = _VERDICTS[answer.verdict]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**Is the change of the engagement rate from {before.name} to {after.name} explained by reach?**")
        st.badge(text, icon=icon, color=colour)  # type: ignore[arg-type]
    drawn = [sentence for sentence in answer.sentences if not (answer.elasticities and sentence.startswith("Type "))]
    st.markdown(f"**{drawn[0]}** {' '.join(drawn[1:])}")
    if answer.before and answer.after:
        _amounts(before, after, answer)
    if answer.elasticities:
        st.markdown(
            "**How each type's rate moves with reach**",
            help="The elasticity of the engagement rate to impressions, by a quasi-Poisson model of engagements with "
            "the months held fixed; lines are 95 % intervals. Left of 0 the rate falls as a post is seen more.",
        )
        spoken = ", ".join(
            f"{one.type} {one.estimate:+.2f} ({one.low:+.2f} to {one.high:+.2f})" for one in answer.elasticities
        )
        chart(figures.elasticities(answer.elasticities), "elasticities", spoken)
    _parts(answer)


def _answer(opened: Opened, before: Period, after: Period) -> ReachAnswer:
    names = [{month.month for month in period.months} for period in (before, after)]
    posts = opened.history.posts
    if not posts.empty:
        month = posts["day"].dt.strftime("%Y-%m")
        old, new = (posts[month.isin(chosen)] for chosen in names)
        if len(old) and len(new):
            return _explain(old, new)
    fields = ("tweets", "impressions", "engagements")
    chosen_months = [month for month in opened.months if month.month in names[0] | names[1]]
    return months_only(pd.DataFrame([{field: getattr(month, field) for field in fields} for month in chosen_months]))


@st.cache_data(max_entries=16, show_spinner="Comparing the posts of the two periods")
def _explain(old: pd.DataFrame, new: pd.DataFrame) -> ReachAnswer:
    return explain(old, new)


def _amounts(before: Period, after: Period, answer: ReachAnswer) -> None:
    with st.grid("auto", min_column_width=220, gap="small"):
        for name, label in (("engagements", "Engagements"), ("per_post", "Engagements per post")):
            old, new = (getattr(totals, name) for totals in (answer.before, answer.after))
            told = f"{old:,.1f} in {before.name}, {new:,.1f} in {after.name}"
            card(label, name, (old, new), f"on {before.name}", told, fine=20)


def _parts(answer: ReachAnswer) -> None:
    names = ("observed", "reach within types", "mix of types", "rest")
    parts = zip(names, (answer.change, answer.reach, answer.mix, answer.rest), strict=True)
    percent = {name: [share * 100 for share in astuple(part)] for name, part in parts if part}
    if percent:
        with st.expander("Show the numbers"):
            table = pd.DataFrame(percent, index=["estimate", "low", "high"]).T.round(1)
            st.dataframe(table.rename_axis("% of the rate before"), alt="Parts of the change of the engagement rate")


def demote(opened: Opened, on_change: Callable[[str | None], None]) -> None:
    """Stop watching the engagement rate, with the reason, or watch it again."""
    if opened.rate_demoted:
        st.info(f"The engagement rate is not watched: {opened.rate_demoted}", icon=":material/visibility_off:")
        st.button("Watch it again", icon=":material/visibility:", on_click=on_change, args=(None,))
        return
    with st.popover("Stop watching the engagement rate", icon=":material/visibility_off:"):
        st.markdown("It leaves the cards; nothing is deleted. The reason stays beside it.")
        with st.form("demote", border=False):
            reason = st.text_input("Why", placeholder="Engagements hold while reach doubles", max_chars=300)
            if st.form_submit_button("Stop watching it"):
                on_change(reason.strip() or "no reason given")
