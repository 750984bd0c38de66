import Foundation
import Imaging
import ObjectDetection
import SharedData
import Testing

/// A folder that lasts as long as a test.
final class TemporaryFolder {
  let path: String

  init(_ files: [String: String]) throws {
    path = FileManager.default.temporaryDirectory.appendingPathComponent("dataset-\(UUID().uuidString)").path
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    for (name, content) in files {
      let url = URL(fileURLWithPath: path + "/" + name)
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try content.write(to: url, atomically: false, encoding: .utf8)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }
}

func datasetFailure(_ files: [String: String], suffix: String = "", form: LabelledDataset.Form? = nil, labels: [String]) throws -> String {
  let folder = try TemporaryFolder(files)
  do throws(ObjectDetectionError) { _ = try LabelledDataset(path: folder.path + suffix, form: form, labels: labels) } catch { return error.message }
  return ""
}

@Suite struct LabelledDatasetTests {
  @Test func `YOLO text is read, and an image without labels has no boxes`() throws {
    let folder = try TemporaryFolder([
      "images/b.jpg": "", "images/a.png.jpg": "", "images/notes.txt": "", "labels/b.txt": "1 0.5 0.5 0.25 0.5\r\n\n0 0.1 0.2 0.1 0.1\n",
    ])
    let dataset = try LabelledDataset(path: folder.path, labels: ["cat", "dog"])
    #expect(dataset.form == .yolo && dataset.items.map { $0.imagePath.hasSuffix("a.png.jpg") } == [true, false])
    #expect(dataset.items[0].boxes(imageWidth: 200, imageHeight: 100).isEmpty)
    let boxes = dataset.items[1].boxes(imageWidth: 200, imageHeight: 100)
    #expect(boxes[0] == LabelledBox(label: 1, box: Box(x: 75, y: 25, width: 50, height: 50)))
    #expect(boxes.count == 2)
  }

  @Test func `corners are pixels, and their classes count from one`() throws {
    let folder = try TemporaryFolder(["images/b.bmp": "", "labels/b.txt": "77 315 110 373 1\n188,254,227,281,3\n"])
    let boxes = try LabelledDataset(path: folder.path, form: .corners, labels: ["a", "b", "c"]).items[0].boxes(imageWidth: 640, imageHeight: 640)
    #expect(boxes.map(\.label) == [0, 2])
    #expect(boxes[0].box == Box(x: 77, y: 315, width: 33, height: 58))
  }

  @Test func `a folder a class is matched by name, whatever its case`() throws {
    let folder = try TemporaryFolder(["Traffic_Light/a.jpg": "", "cat/b.jpg": "", "cat/c.JPG": "", "empty/readme.txt": "", "1/z.ppm": ""])
    let dataset = try LabelledDataset(path: folder.path, labels: ["cat", "dog, hound", "traffic light"])
    #expect(dataset.form == .folders)
    #expect(dataset.items.map(\.truth) == [.label(1), .label(2), .label(0), .label(0)])
  }

  @Test func `classes in file names are matched by their first synonym, then by others`() throws {
    let labels = ["background", "crane", "missile", "sunglass", "sunglasses, dark glasses", "projectile, missile", "crane", "drake, mallard"]
    let folder = try TemporaryFolder([
      "n02012849_crane.JPEG": "", "n03773504_missile.JPEG": "", "n04356056_sunglasses.JPEG": "", "n09999999_Dark_Glasses.JPEG": "",
      "mallard_0012.jpg": "", "n03126707_crane.JPEG": "",
    ])
    let dataset = try LabelledDataset(path: folder.path, form: .names, labels: labels)
    let found = Dictionary(uniqueKeysWithValues: dataset.items.map { (($0.imagePath as NSString).lastPathComponent, $0.truth) })
    #expect(found["n02012849_crane.JPEG"] == .label(1) && found["n03126707_crane.JPEG"] == .label(6))
    #expect(found["n03773504_missile.JPEG"] == .label(2) && found["n04356056_sunglasses.JPEG"] == .label(4))
    #expect(found["n09999999_Dark_Glasses.JPEG"] == .label(4) && found["mallard_0012.jpg"] == .label(7))
  }

  @Test func `a namesake alone is told by its neighbours' numbers`() throws {
    let labels = ["tench", "crane", "missile", "crane", "wok"]
    for (number, label) in [("n02012849", 1), ("n03800000", 3)] {
      let folder = try TemporaryFolder(["n01440764_tench.JPEG": "", "\(number)_crane.JPEG": "", "n03773504_missile.JPEG": "", "n04596742_wok.JPEG": ""])
      let dataset = try LabelledDataset(path: folder.path, form: .names, labels: labels)
      #expect(dataset.items.first { $0.imagePath.contains("crane") }?.truth == .label(label))
    }
  }

  @Test(arguments: [
    ("0 0.5 0.5 0.1", "five numbers"), ("0 0.5 0.5 0.1 x", "five numbers"), ("0 0.5 0.5 0.1 nan", "five numbers"), ("2 0.5 0.5 0.1 0.1", "class 2"),
    ("-1 0.5 0.5 0.1 0.1", "class"), ("0.5 0.5 0.5 0.1 0.1", "class"), ("0 0.5 0.5 -0.1 0.1", "negative"), ("1e30 0.5 0.5 0.1 0.1", "class"),
  ])
  func `a bad line is named with its file and number`(line: String, reason: String) throws {
    let message = try datasetFailure(["images/b.jpg": "", "labels/b.txt": "0 0.5 0.5 0.1 0.1\n" + line], labels: ["cat", "dog"])
    #expect(message.contains("labels/b.txt:2") && message.contains(reason))
  }

  @Test(arguments: [
    (LabelledDataset.Form.yolo, "77 315 110 373 1", "--labels corners"), (.yolo, "0 315 110 33 58", "--labels corners"),
    (.corners, "1 0.5 0.5 0.25 0.4", "--labels yolo"), (.yolo, "0 0.5 0.5 1.2 1.1", ""), (.corners, "0 0 1 1 2", ""),
  ])
  func `lines of the other form are told from one's own`(form: LabelledDataset.Form, line: String, reason: String) throws {
    let message = try datasetFailure(["images/b.jpg": "", "labels/b.txt": line], form: form, labels: ["cat", "dog"])
    #expect(reason.isEmpty ? message.isEmpty : message.contains("labels/b.txt:1") && message.contains(reason), "\(message)")
  }

  @Test func `a data set without a single box is refused`() throws {
    for files in [["images/a.jpg": "", "labels/b.txt": "0 0.5 0.5 0.1 0.1"], ["images/a.jpg": "", "labels/a.txt": "\n"]] {
      let message = try datasetFailure(files, labels: ["cat"])
      #expect(message.contains("/labels has no box"), "\(message)")
    }
  }

  @Test func `images in formats that aren't read and images without a label file are counted`() throws {
    let boxes = try TemporaryFolder([
      "images/a.jpg": "", "images/b.jpg": "", "images/c.PNG": "", "images/d.webp": "", "images/notes.txt": "", "labels/a.txt": "0 0.5 0.5 0.1 0.1",
    ])
    let detection = try LabelledDataset(path: boxes.path, labels: ["cat"])
    #expect(detection.items.count == 2 && detection.foreignCount == 2 && detection.unlabelledCount == 1)
    let classes = try TemporaryFolder(["cat/a.jpg": "", "cat/b.tiff": "", "dog/c.heic": ""])
    let classification = try LabelledDataset(path: classes.path, labels: ["cat", "dog"])
    #expect(classification.items.count == 1 && classification.foreignCount == 2 && classification.unlabelledCount == 0)
    let named = try TemporaryFolder(["cat_1.jpg": "", "cat_2.gif": ""])
    #expect(try LabelledDataset(path: named.path, form: .names, labels: ["cat"]).foreignCount == 1)
  }

  @Test func `paths have one slash between folder and file, however the folder is written`() throws {
    let folder = try TemporaryFolder(["images/a.jpg": "", "labels/a.txt": "0 0.5 0.5 0.1 0.1", "cat/b.jpg": "", "cat_1.jpg": ""])
    for form in LabelledDataset.Form.allCases {
      let labels = form == .folders ? ["cat", "images"] : ["cat"]
      guard form != .corners else { continue }
      for item in try LabelledDataset(path: folder.path + "//", form: form, labels: labels).items { #expect(!item.imagePath.contains("//")) }
    }
    let message = try datasetFailure(["images/a.jpg": "", "labels/a.txt": "1"], suffix: "/", labels: ["cat"])
    #expect(message.contains("/labels/a.txt:1") && !message.contains("//"), "\(message)")
  }

  @Test(arguments: [
    ([:], "a data set is images/ with labels/"), (["a.png": ""], "1 file(s) are images of other formats"), (["a.jpg": ""], "--labels names"),
    (["images/a.jpg": ""], "has only images"), (["images/a.png": "", "labels/a.txt": ""], "convert them to JPEG or PPM"),
    (["cat/a.png": ""], "convert them to JPEG or PPM"),
  ])
  func `a data set without readable images says what is there and what belongs there`(files: [String: String], hint: String) throws {
    let message = try datasetFailure(files, labels: ["cat"])
    #expect(message.contains(hint), "\(message)")
  }

  @Test func `folders that are no data set are refused in words`() throws {
    #expect(try datasetFailure(["a.txt": ""], labels: ["cat"]).contains("no images"))
    #expect(try datasetFailure(["cow/a.jpg": ""], labels: ["cat"]).contains("cow"))
    #expect(try datasetFailure(["cow.jpg": ""], form: .names, labels: ["cat"]).contains("cow.jpg"))
    #expect(try datasetFailure(["images/a.jpg": ""], form: .corners, labels: ["cat"]).contains("images and labels"))
    let error = #expect(throws: ObjectDetectionError.self) { try LabelledDataset(path: "/nonexistent", labels: []) }
    #expect(error?.message.contains("/nonexistent") == true)
  }

  @Test(.enabled(if: Shared.isPresent)) func `the real data sets are read`() throws {
    let root = try #require(Shared.root) + "/data/"
    func lines(_ file: String) throws -> [String] { try String(contentsOfFile: root + file, encoding: .utf8).split(separator: "\n").map(String.init) }
    let coco = try LabelledDataset(path: root + "coco", labels: lines("coco/classes.txt"))
    #expect(coco.form == .yolo && coco.items.count == 43)
    let boards = try LabelledDataset(path: root + "pcb/test", form: .corners, labels: ["open", "short", "mousebite", "spur", "copper", "pin-hole"])
    #expect(boards.items.count == 250 && boards.items.allSatisfy { !$0.boxes(imageWidth: 640, imageHeight: 640).isEmpty })
    let names = try lines("photos/imagenet_labels.txt")
    let imagenet = try LabelledDataset(path: root + "imagenet", form: .names, labels: names)
    #expect(imagenet.items.count == 48)
    let eggnog = try #require(imagenet.items.first { $0.imagePath.contains("eggnog") })
    #expect(eggnog.truth == .label(names.firstIndex(of: "eggnog")!))
  }
}
