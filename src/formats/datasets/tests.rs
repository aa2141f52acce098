//! Datasets laid out on the spot and scanned. The files are empty: a scan opens none.

use std::os::unix::fs::symlink;

use super::super::test_files::Folder;
use super::*;

fn dataset(layout: Layout, root: &std::path::Path, split: &str) -> Dataset {
    Dataset { layout, root: root.into(), split: Some(split.into()), labels: None, mapping: None }
}

fn with(files: &[&str]) -> Folder {
    let folder = Folder::new();
    files.iter().for_each(|file| drop(folder.put(file, b"")));
    folder
}

/// `name group image label` below the root, as one line a frame.
fn lines(folder: &Folder, scan: &Scan) -> Vec<String> {
    let root = folder.path().canonicalize().unwrap();
    let below = |path: &PathBuf| path.strip_prefix(&root).unwrap().display().to_string();
    let line = |f: &Found| {
        format!("{} [{}] {} {}", f.name, f.group, below(&f.image), f.label.as_ref().map_or("-".into(), below))
    };
    scan.found.iter().map(line).collect()
}

#[test]
fn cityscapes_pairs_by_city_and_name() {
    let folder = with(&[
        "leftImg8bit/train/ulm/ulm_000001_000019_leftImg8bit.png",
        "leftImg8bit/train/aachen/aachen_000002_000019_leftImg8bit.jpg",
        "leftImg8bit/train/aachen/notes.txt",
        "leftImg8bit/train/aachen/stray.png",
        "leftImg8bit/val/lindau/lindau_000003_000019_leftImg8bit.png",
        "gtFine/train/ulm/ulm_000001_000019_gtFine_labelIds.png",
        "gtFine/train/ulm/ulm_000001_000019_gtFine_color.png",
    ]);
    let train = dataset(Layout::Cityscapes, folder.path(), "train");
    let target = scan(&train, false).unwrap();
    let ulm = "ulm/ulm_000001_000019 [ulm] leftImg8bit/train/ulm/ulm_000001_000019_leftImg8bit.png \
               gtFine/train/ulm/ulm_000001_000019_gtFine_labelIds.png";
    let aachen = "aachen/aachen_000002_000019 [aachen] leftImg8bit/train/aachen/aachen_000002_000019_leftImg8bit.jpg -";
    assert_eq!(lines(&folder, &target), [aachen, ulm]);
    assert_eq!(target.refused.len(), 1);
    assert_eq!(target.refused[0].reason, "has a name that does not end in _leftImg8bit");

    let source = scan(&train, true).unwrap();
    assert_eq!(lines(&folder, &source), [ulm]);
    assert!(source.refused[0].reason.starts_with("has no label: looked for gtFine/{train}/<city>/"));

    assert_eq!(scan(&dataset(Layout::Cityscapes, folder.path(), "train, val"), false).unwrap().found.len(), 3);
    assert_eq!(scan(&train, false).unwrap(), target);
}

#[test]
fn gta5_synthia_and_camvid_pair_by_file_name() {
    let gta = with(&["images/00001.png", "images/00002.png", "labels/00001.png", "labels/00002.png"]);
    let found = scan(&dataset(Layout::Gta5, gta.path(), ""), true).unwrap();
    assert_eq!(lines(&gta, &found)[1], "00002 [] images/00002.png labels/00002.png");

    let synthia = with(&["RGB/0000000.png", "GT/LABELS/0000000.png"]);
    let found = scan(&dataset(Layout::Synthia, synthia.path(), ""), true).unwrap();
    assert_eq!(lines(&synthia, &found), ["0000000 [] RGB/0000000.png GT/LABELS/0000000.png"]);

    let camvid = with(&["train/0016E5_04350.jpg", "trainannot/0016E5_04350.png", "val/Seq05VD_f01.png"]);
    let found = scan(&dataset(Layout::Camvid, camvid.path(), "train,val"), false).unwrap();
    assert_eq!(
        lines(&camvid, &found),
        [
            "0016E5_04350 [0016E5] train/0016E5_04350.jpg trainannot/0016E5_04350.png",
            "Seq05VD_f01 [Seq05VD] val/Seq05VD_f01.png -"
        ]
    );
}

#[test]
fn two_folders_pair_by_path_even_when_one_holds_the_other() {
    let folder = with(&["north/a.jpg", "north/b.png", "c.JPEG", "truth/north/a.png", "truth/c.png", "truth/x.png"]);
    let labels = Some(folder.path().join("truth"));
    let any = Dataset { labels, ..dataset(Layout::Folder, folder.path(), "") };
    let found = scan(&any, true).unwrap();
    assert_eq!(lines(&folder, &found), ["c [] c.JPEG truth/c.png", "north/a [north] north/a.jpg truth/north/a.png"]);
    assert_eq!(found.refused.len(), 1);
    assert!(matches!(scan(&Dataset { labels: None, ..any.clone() }, true), Err(ScanError::NoLabelsFolder)));
    assert_eq!(
        scan(&Dataset { labels: None, root: folder.path().join("north"), ..any }, false).unwrap().found.len(),
        2
    );
}

#[test]
fn two_pictures_of_one_name_are_one_frame() {
    let folder = with(&["images/1.jpg", "images/1.png", "labels/1.png"]);
    let found = scan(&dataset(Layout::Gta5, folder.path(), ""), true).unwrap();
    assert_eq!(lines(&folder, &found), ["1 [] images/1.jpg labels/1.png"]);
    assert!(
        found.refused[0].path.ends_with("images/1.png") && found.refused[0].reason.contains("images/1.jpg: keep one")
    );
}

#[test]
fn a_folder_without_pairs_says_what_was_looked_for_and_where() {
    let folder = with(&["images/1.png", "labels/2.png"]);
    let said = |dataset: &Dataset| scan(dataset, true).unwrap_err().to_string();
    let root = folder.path().canonicalize().unwrap();
    let root = root.display();
    assert_eq!(
        said(&dataset(Layout::Gta5, folder.path(), "")),
        format!("none of the 1 pictures in {root} has a label: looked for labels/<name>.png")
    );
    assert_eq!(
        said(&dataset(Layout::Cityscapes, folder.path(), "train")),
        format!(
            "there are no pictures in {root}: looked for leftImg8bit/{{train}}/<city>/<name>_leftImg8bit.png or .jpg"
        )
    );
    assert!(said(&dataset(Layout::Gta5, &folder.path().join("none"), "")).contains("cannot be read: No such file"));
    assert!(said(&dataset(Layout::Gta5, &folder.path().join("images/1.png"), "")).ends_with("is not a folder"));
}

#[test]
fn a_split_is_a_folders_name() {
    let folder = with(&["train/1.png"]);
    let said = |split: &str| scan(&dataset(Layout::Camvid, folder.path(), split), false).map_err(|e| e.to_string());
    assert!(said("train").is_ok());
    assert!(said("").unwrap_err().starts_with("name the splits to take"));
    for bad in ["..", "train,../train", "/etc", "a\\b", "a\0"] {
        assert!(said(bad).unwrap_err().contains("is no name of a split"), "{bad}");
    }
}

#[test]
fn links_are_followed_below_the_root_only() {
    let outside = with(&["9.png", "folder/8.png"]);
    let folder = with(&["images/1.png", "elsewhere/2.png"]);
    let images = folder.path().join("images");
    symlink(folder.path().join("elsewhere/2.png"), images.join("2.png")).unwrap();
    symlink(outside.path().join("9.png"), images.join("9.png")).unwrap();
    symlink("/no/such/file.png", images.join("0.png")).unwrap();
    let found = scan(&dataset(Layout::Gta5, folder.path(), ""), false).unwrap();
    assert_eq!(lines(&folder, &found), ["1 [] images/1.png -", "2 [] images/2.png -"]);
    let reasons: Vec<&str> = found.refused.iter().map(|refused| refused.reason.as_str()).collect();
    assert_eq!(reasons, ["is a link that leads nowhere", "is a link that leads out of the dataset: copy the file"]);

    symlink(outside.path().join("folder"), folder.path().join("RGB")).unwrap();
    let refused = scan(&dataset(Layout::Synthia, folder.path(), ""), false).unwrap_err();
    assert!(matches!(refused, ScanError::LeadsOut { .. }), "{refused}");
}
