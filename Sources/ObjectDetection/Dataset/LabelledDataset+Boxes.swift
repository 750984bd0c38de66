import Imaging

extension LabelledDataset {
  static func boxContents(_ path: String, form: Form, labels: [String]) throws(ObjectDetectionError) -> Contents {
    let (imageFolder, labelFolder) = (ImageFolder.path(in: path, "images"), ImageFolder.path(in: path, "labels"))
    let labelled = Set(try Folder.entries(of: labelFolder).map(\.name))
    let images = try Folder.images(of: imageFolder)
    var contents = Contents(foreignCount: images.foreignCount)
    for image in images.names {
      let name = image[..<image.lastIndex(of: ".")!] + ".txt"
      var boxes: [LabelledBox] = []
      // An image without a label file shows nothing of interest.
      if labelled.contains(String(name)) {
        boxes = try readBoxes("\(labelFolder)/\(name)", form: form, labelCount: labels.count)
      } else {
        contents.unlabelledCount += 1
      }
      contents.items.append(Item(imagePath: "\(imageFolder)/\(image)", truth: form == .yolo ? .relativeBoxes(boxes) : .boxes(boxes)))
    }
    return contents
  }

  private static func readBoxes(_ path: String, form: Form, labelCount: Int) throws(ObjectDetectionError) -> [LabelledBox] {
    let bytes: [UInt8]
    do throws(ImagingError) {
      bytes = try FileBytes.read(path, maximumByteCount: 1 << 24)
    } catch {
      throw ObjectDetectionError(.unreadableDataset, error.message)
    }
    return try parseBoxes(bytes, form: form, labelCount: labelCount, named: path)
  }

  /// What shows that a line is of the other form: its middles and sides are no shares of an image, or its corners are.
  private static func mistakenForm(_ numbers: [Float], _ form: Form) -> String? {
    let areShares = numbers[1...4].allSatisfy { 0...1 ~= $0 }
    switch form {
    case .yolo where numbers[1...4].contains { $0 > 2 || $0 < -1 }:
      return "these are pixels, not shares of the image as in YOLO text ('class cx cy w h', 0 to 1): give --labels corners for 'x1 y1 x2 y2 class'"
    case .corners where areShares && numbers[4] != numbers[4].rounded():
      return "this is YOLO text ('class cx cy w h', 0 to 1), not corners ('x1 y1 x2 y2 class', pixels): give --labels yolo"
    default: return nil
    }
  }

  /// Reads the lines of a label file.
  /// - Parameter labelCount: classes must be below it; 0 where that isn't known.
  static func parseBoxes(_ bytes: [UInt8], form: Form, labelCount: Int, named name: String) throws(ObjectDetectionError) -> [LabelledBox] {
    var boxes: [LabelledBox] = []
    for (index, line) in bytes.split(separator: 0x0A, omittingEmptySubsequences: false).enumerated() {
      let fields = line.split { $0 == 0x20 || $0 == 0x09 || $0 == 0x0D || $0 == 0x2C }
      guard !fields.isEmpty else { continue }
      let numbers = fields.compactMap { Float(String(decoding: $0, as: UTF8.self)) }.filter(\.isFinite)
      func malformed(_ what: String) -> ObjectDetectionError { ObjectDetectionError(.malformedLabels, "\(name):\(index + 1): \(what)") }
      guard fields.count == 5, numbers.count == 5 else {
        throw malformed("needs the five numbers '\(form == .yolo ? "class cx cy w h" : "x1 y1 x2 y2 class")'")
      }
      if let mistaken = mistakenForm(numbers, form) { throw malformed(mistaken) }
      let number = form == .yolo ? numbers[0] : numbers[4] - 1
      guard number >= 0, number < 1e6, number == number.rounded(), labelCount == 0 || Int(number) < labelCount else {
        throw malformed("class \(form == .yolo ? numbers[0] : numbers[4]) is none of the model's \(labelCount) labels")
      }
      let box =
        form == .yolo
        ? Box(x: numbers[1] - numbers[3] / 2, y: numbers[2] - numbers[4] / 2, width: numbers[3], height: numbers[4])
        : Box(x: numbers[0], y: numbers[1], width: numbers[2] - numbers[0], height: numbers[3] - numbers[1])
      guard box.width >= 0, box.height >= 0 else { throw malformed("the box has a negative size") }
      boxes.append(LabelledBox(label: Int(number), box: box))
    }
    return boxes
  }
}
