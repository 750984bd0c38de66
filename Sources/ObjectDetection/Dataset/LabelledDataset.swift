import Imaging

/// A folder of images with what is in them, for evaluation. Images are read one at a time, by their paths.
public struct LabelledDataset: Sendable {
  /// How labels lie beside images.
  public enum Form: String, Sendable, CaseIterable {
    /// `images/` and `labels/`: a text file an image, a line a box: class, centre x, centre y, width, height, in 0…1 of the image.
    case yolo
    /// `images/` and `labels/`: a text file an image, a line a box: x1, y1, x2, y2 in pixels, class counted from 1.
    case corners
    /// A folder a class.
    case folders
    /// Images with the class in the file name, after a WordNet number where there is one (`n01440764_tench.JPEG`).
    case names

    /// Whether labels are boxes; else each image has one class.
    public var hasBoxes: Bool { self == .yolo || self == .corners }
  }

  /// What an image shows.
  public enum Truth: Equatable, Sendable {
    /// Boxes in pixels.
    case boxes([LabelledBox])
    /// Boxes in 0…1 of the image's width and height.
    case relativeBoxes([LabelledBox])
    /// The label of the whole image.
    case label(Int)
  }

  public struct Item: Equatable, Sendable {
    public let imagePath: String
    public let truth: Truth

    public init(imagePath: String, truth: Truth) {
      self.imagePath = imagePath
      self.truth = truth
    }

    var hasBoxes: Bool {
      switch truth {
      case .boxes(let boxes), .relativeBoxes(let boxes): !boxes.isEmpty
      case .label: false
      }
    }

    /// The boxes in pixels of an image of this size; empty for a classified image.
    public func boxes(imageWidth: Int, imageHeight: Int) -> [LabelledBox] {
      switch truth {
      case .boxes(let boxes): return boxes
      case .relativeBoxes(let boxes):
        let width = Float(imageWidth)
        let height = Float(imageHeight)
        return boxes.map {
          LabelledBox(label: $0.label, box: Box(x: $0.box.x * width, y: $0.box.y * height, width: $0.box.width * width, height: $0.box.height * height))
        }
      case .label: return []
      }
    }
  }

  public let form: Form
  /// In the order of their paths.
  public let items: [Item]
  /// Image files in formats that aren't read; they are no items.
  public let foreignCount: Int
  /// Items of a data set of boxes that have no label file, and so count as showing nothing.
  public let unlabelledCount: Int

  /// What a reader of one form finds.
  struct Contents {
    var items: [Item] = []
    var foreignCount = 0
    var unlabelledCount = 0
  }

  /// Lists a data set and reads its labels.
  /// - Parameters:
  ///   - form: nil takes `form(of: path)`.
  ///   - labels: class names in the order of the model's; classes by name need them, and box labels are checked against them
  ///     where there are any.
  /// - Throws: an error that names the folder, or the label file and its line.
  public init(path: String, form: Form? = nil, labels: [String]) throws(ObjectDetectionError) {
    let chosen: Form
    if let form { chosen = form } else { chosen = try Self.form(of: path) }
    let contents = try Self.contents(of: path, chosen, labels: labels)
    self.form = chosen
    items = contents.items
    foreignCount = contents.foreignCount
    unlabelledCount = contents.unlabelledCount
    guard !items.isEmpty else { throw Self.withoutImages(path, chosen, foreignCount: foreignCount) }
    guard !chosen.hasBoxes || items.contains(where: \.hasBoxes) else {
      throw ObjectDetectionError(
        .malformedLabels,
        "\(ImageFolder.path(in: path, "labels")) has no box for any of the \(items.count) image(s), so nothing can be found or missed: name label files "
          + "as their images (a.jpg, a.txt)")
    }
  }

  /// How labels lie in a folder, as far as that shows: `yolo` where there are `images` and `labels`, `folders` where there are others.
  /// - Throws: an error that names the folder and says what a data set looks like.
  public static func form(of path: String) throws(ObjectDetectionError) -> Form {
    let folders = Set(try Folder.entries(of: path).filter(\.isFolder).map(\.name))
    if folders.isSuperset(of: ["images", "labels"]) { return .yolo }
    if folders == ["images"] || folders == ["labels"] {
      throw ObjectDetectionError(.unreadableDataset, "\(path) needs the folders images and labels, and has only \(folders.first!)")
    }
    guard folders.isEmpty else { return .folders }
    throw try withoutForm(path)
  }

  /// Why a folder without folders is no data set.
  private static func withoutForm(_ path: String) throws(ObjectDetectionError) -> ObjectDetectionError {
    let images = try Folder.images(of: path)
    guard images.names.isEmpty else {
      return ObjectDetectionError(
        .unreadableDataset,
        "\(path) has images and nothing that labels them: give --labels names where their names say the class, else put them in images/ beside labels/, "
          + "or in a folder a class")
    }
    let layout = "a data set is images/ with labels/, a folder a class, or images named by class"
    let hint = images.foreignCount > 0 ? foreignHint(images.foreignCount) : layout
    return ObjectDetectionError(.unreadableDataset, "\(path) has no images (JPEG, BMP, PPM or PGM): \(hint)")
  }

  private static func contents(of path: String, _ form: Form, labels: [String]) throws(ObjectDetectionError) -> Contents {
    let entries = try Folder.entries(of: path)
    switch form {
    case .yolo, .corners:
      guard Set(entries.filter(\.isFolder).map(\.name)).isSuperset(of: ["images", "labels"]) else {
        throw ObjectDetectionError(.unreadableDataset, "\(path) needs the folders images and labels")
      }
      return try boxContents(path, form: form, labels: labels)
    case .folders: return try folderContents(path, entries, labels: labels)
    case .names: return try namedContents(path, labels: labels)
    }
  }

  private static func withoutImages(_ path: String, _ form: Form, foreignCount: Int) -> ObjectDetectionError {
    let hint = foreignCount > 0 ? foreignHint(foreignCount) : "name another form by --labels"
    return ObjectDetectionError(.unreadableDataset, "\(path) has no images of the form '\(form.rawValue)' (JPEG, BMP, PPM or PGM): \(hint)")
  }

  private static func foreignHint(_ count: Int) -> String { "\(count) file(s) are images of other formats; \(ImageFolder.foreignFormats)" }

  private static func folderContents(_ path: String, _ entries: [ImageFolder.Entry], labels: [String]) throws(ObjectDetectionError) -> Contents {
    let names = LabelNames(labels)
    var contents = Contents()
    for folder in entries where folder.isFolder {
      let place = ImageFolder.path(in: path, folder.name)
      let images = try Folder.images(of: place)
      contents.foreignCount += images.foreignCount
      guard !images.names.isEmpty else { continue }
      guard let label = names.indices(of: folder.name).first ?? Int(folder.name).flatMap({ labels.indices.contains($0) ? $0 : nil }) else {
        throw ObjectDetectionError(.malformedLabels, "\(place): the model has no label of this name")
      }
      contents.items += images.names.map { Item(imagePath: "\(place)/\($0)", truth: .label(label)) }
    }
    return contents
  }
}
