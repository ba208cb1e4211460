"""Paths become listings by the contract's rules."""

import zipfile
from pathlib import Path

import pytest

from engine import settings
from engine.errors import LimitExceeded, UnreadableData, UnreadablePhoto
from engine.listings.sources import find_listings
from engine.photos.files import list_files


def tree(root: Path, *paths: str) -> Path:
    for path in paths:
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(path.encode())
    return root


def zipped(path: Path, *names: str) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name in names:
            archive.writestr(name, name.encode())
    return path


def found(*paths: Path) -> dict[str, list[str]]:
    return {listing.name: [str(file.path) for file in listing.files] for listing in find_listings(paths)}


def test_loose_files_are_one_listing_named_after_their_folder(tmp_path):
    root = tree(tmp_path / "bike-17", "front.jpg", "wheel.jpg")
    assert found(root / "wheel.jpg", root / "front.jpg") == {"bike-17": ["wheel.jpg", "front.jpg"]}


def test_loose_files_of_two_folders_are_named_from_the_shared_one(tmp_path):
    root = tree(tmp_path / "shared", "a/1.jpg", "b/1.jpg")
    assert found(root / "a" / "1.jpg", root / "b" / "1.jpg") == {"shared": ["a/1.jpg", "b/1.jpg"]}


def test_a_folder_of_pictures_is_one_listing(tmp_path):
    assert found(tree(tmp_path / "bike", "b.jpg", "a.jpg")) == {"bike": ["a.jpg", "b.jpg"]}


def test_loose_files_and_each_sub_folder_are_listings_in_name_order(tmp_path):
    root = tree(tmp_path / "stock", "loose.jpg", "z/1.jpg", "mug/1.jpg", "mug/detail/2.jpg")
    assert found(root) == {"mug": ["1.jpg", "detail/2.jpg"], "stock": ["loose.jpg"], "z": ["1.jpg"]}
    assert list(found(root)) == ["mug", "stock", "z"]


def test_hidden_files_are_passed_over_and_everything_else_is_a_photo(tmp_path):
    root = tree(tmp_path / "l", ".DS_Store", "__MACOSX/1.jpg", ".git/x", "notes.txt", "1.jpg")
    assert found(root) == {"l": ["1.jpg", "notes.txt"]}


def test_a_flat_zip_is_one_listing_named_by_its_stem(tmp_path):
    assert found(zipped(tmp_path / "mug.v2.zip", "1.jpg", "__MACOSX/._1.jpg")) == {"mug.v2": ["1.jpg"]}


def test_a_zip_of_folders_is_a_listing_each(tmp_path):
    path = zipped(tmp_path / "all.zip", "bike/1.jpg", "mug/1.jpg", "loose.jpg")
    assert found(path) == {"all": ["loose.jpg"], "bike": ["1.jpg"], "mug": ["1.jpg"]}


def test_a_zip_of_one_folder_of_folders_stands_for_that_folder(tmp_path):
    path = zipped(tmp_path / "export.zip", "stock/bike/1.jpg", "stock/mug/1.jpg")
    assert found(path) == {"bike": ["1.jpg"], "mug": ["1.jpg"]}
    folder = tree(tmp_path / "export", "stock/bike/1.jpg", "stock/mug/1.jpg")
    assert found(folder) == found(path)
    assert found(zipped(tmp_path / "one.zip", "bike-17/1.jpg", "bike-17/2.jpg")) == {"bike-17": ["1.jpg", "2.jpg"]}


def test_what_is_no_picture_does_not_hinder_unwrapping(tmp_path):
    names = ["README", "stock/notes.txt", "stock/all/mug/1.jpg", "stock/all/mug/about.txt", "stock/all/bike/1.JPG"]
    assert found(zipped(tmp_path / "z.zip", *names)) == {"bike": ["1.JPG"], "mug": ["1.jpg", "about.txt"]}
    assert found(zipped(tmp_path / "y.zip", "s/loose.jpg", "s/mug/1.jpg")) == {"s": ["loose.jpg", "mug/1.jpg"]}
    assert found(zipped(tmp_path / "x.zip", "s/mug/1", "s/bike/2")) == {"bike": ["2"], "mug": ["1"]}


def test_contents_are_read_and_those_past_the_limit_are_not(tmp_path):
    names = [f"{number:02}.jpg" for number in range(settings.PHOTOS_PER_LISTING + 2)]
    (listing,) = find_listings([tree(tmp_path / "many", *names)])
    contents = listing.read()
    assert contents[0] == ("00.jpg", b"00.jpg")
    assert {str(data) for _, data in contents[-2:]} == {
        "not read, as a listing takes up to 20 photos: leave out the least telling"
    }


def test_empty_folders_and_damaged_zips_are_listings_with_their_error(tmp_path):
    (tmp_path / "empty").mkdir()
    broken = tmp_path / "broken.zip"
    broken.write_bytes(b"PK\x03\x04 and no more")
    good = tree(tmp_path / "good", "1.jpg")
    errors = {listing.name: listing.error for listing in find_listings([tmp_path / "empty", broken, good])}
    assert isinstance(errors["empty"], UnreadableData)
    assert isinstance(errors["broken"], UnreadableData)
    assert errors["good"] is None


def test_locked_and_damaged_entries_do_not_stop_the_others(tmp_path):
    path = zipped(tmp_path / "z.zip", "a.jpg", "b.jpg", "c.jpg")
    data = bytearray(path.read_bytes())
    central = data.find(b"PK\x01\x02")
    data[central + 8] |= 1  # the first entry claims a password
    data[data.find(b"b.jpg") + 5] ^= 0xFF  # the second one's content is changed, its checksum is not
    path.write_bytes(bytes(data))
    contents = [file.read() for file in list_files(path)]
    assert isinstance(contents[0], UnreadablePhoto)
    assert "password" in str(contents[0])
    assert isinstance(contents[1], UnreadablePhoto)
    assert "damaged" in str(contents[1])
    assert contents[2] == b"c.jpg"


def test_a_zip_bomb_is_not_unpacked(tmp_path):
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("big.jpg", bytes(settings.PHOTO_MEGABYTES * settings.MEGABYTE + 1))
    (file,) = list_files(path)
    assert isinstance(file.read(), LimitExceeded)


def test_large_files_and_dead_links_are_said(tmp_path):
    root = tree(tmp_path / "l", "1.jpg")
    with (root / "big.jpg").open("wb") as stream:
        stream.truncate(settings.PHOTO_MEGABYTES * settings.MEGABYTE + 1)
    (root / "link.jpg").symlink_to("nowhere")
    contents = {str(file.path): file.read() for file in list_files(root)}
    assert contents["1.jpg"] == b"1.jpg"
    assert isinstance(contents["big.jpg"], LimitExceeded)
    assert isinstance(contents["link.jpg"], UnreadablePhoto)


def test_odd_entries_of_a_zip(tmp_path):
    path = zipped(tmp_path / "odd.zip", ".", "../../evil.jpg", "/root.jpg", "dir/../q.jpg")
    assert sorted(str(file.path) for file in list_files(path)) == ["dir/q.jpg", "evil.jpg", "root.jpg"]


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_damage_in_any_compression_is_one_entrys_error(tmp_path, method):
    path = tmp_path / "z.zip"
    with zipfile.ZipFile(path, "w", method) as archive:
        archive.writestr("a.jpg", bytes(range(256)) * 50)
    data = bytearray(path.read_bytes())
    data[60:90] = b"\xff" * 30
    path.write_bytes(bytes(data))
    (file,) = list_files(path)
    assert isinstance(file.read(), UnreadablePhoto)


def test_a_zip_of_a_future_version_is_damaged_not_a_crash(tmp_path):
    path = zipped(tmp_path / "z.zip", "a.jpg")
    data = bytearray(path.read_bytes())
    data[data.find(b"PK\x01\x02") + 6] = 250
    path.write_bytes(bytes(data))
    with pytest.raises(UnreadableData, match="damaged ZIP"):
        list_files(path)


def test_many_zips_do_not_stay_open(tmp_path):
    handles = Path("/proc/self/fd")
    before = len(list(handles.iterdir()))
    paths = [zipped(tmp_path / f"{number}.zip", "a.jpg") for number in range(30)]
    listings = find_listings(paths)
    assert [listing.read() for listing in listings] == [[("a.jpg", b"a.jpg")]] * 30
    assert len(list(handles.iterdir())) - before < 10


def test_a_name_is_never_two_dots(tmp_path, monkeypatch):
    root = tree(tmp_path / "bike", "a.jpg", "sub/b.jpg")
    monkeypatch.chdir(root / "sub")
    assert list(found(Path("../a.jpg"))) == ["bike"]
    assert list(found(Path(".."))) == ["bike", "sub"]


def test_a_file_that_is_neither_is_refused(tmp_path):
    path = tmp_path / "x.tar"
    path.write_bytes(b"x")
    with pytest.raises(UnreadableData, match="neither a folder nor a ZIP"):
        list_files(path)
