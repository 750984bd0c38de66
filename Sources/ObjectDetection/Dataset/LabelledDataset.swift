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

  /// Lists a data set and reads its labels.
  /// - Parameters:
  ///   - form: nil takes `yolo` where there are `images` and `labels`, else `folders`.
  ///   - labels: class names in the order of the model's; classes by name need them, and box labels are checked against them
  ///     where there are any.
  /// - Throws: an error that names the folder, or the label file and its line.
  public init(path: String, form: Form? = nil, labels: [String]) throws(ObjectDetectionError) {
    let entries = try Folder.entries(of: path)
    let hasBoxes = entries.contains { $0.name == "images" && $0.isFolder } && entries.contains { $0.name == "labels" && $0.isFolder }
    let chosen = form ?? (hasBoxes ? .yolo : .folders)
    switch chosen {
    case .yolo, .corners:
      guard hasBoxes else { throw ObjectDetectionError(.unreadableDataset, "\(path) needs the folders images and labels") }
      items = try Self.boxItems(path, form: chosen, labels: labels)
    case .folders: items = try Self.folderItems(path, entries, labels: labels)
    case .names: items = try Self.namedItems(path, entries, labels: labels)
    }
    self.form = chosen
    guard !items.isEmpty else {
      throw ObjectDetectionError(.unreadableDataset, "\(path) has no images of the form '\(chosen.rawValue)': name another by --labels")
    }
    guard chosen == .folders || chosen == .names || items.contains(where: \.hasBoxes) else {
      throw ObjectDetectionError(
        .malformedLabels,
        "\(path)/labels has no box for any of the \(items.count) image(s), so nothing can be found or missed: name label files as their images "
          + "(a.jpg, a.txt)")
    }
  }

  private static func folderItems(_ path: String, _ entries: [ImageFolder.Entry], labels: [String]) throws(ObjectDetectionError) -> [Item] {
    let names = LabelNames(labels)
    var items: [Item] = []
    for folder in entries where folder.isFolder {
      let images = try Folder.images(of: path + "/" + folder.name)
      guard !images.isEmpty else { continue }
      guard let label = names.indices(of: folder.name).first ?? Int(folder.name).flatMap({ labels.indices.contains($0) ? $0 : nil }) else {
        throw ObjectDetectionError(.malformedLabels, "\(path)/\(folder.name): the model has no label of this name")
      }
      items += images.map { Item(imagePath: "\(path)/\(folder.name)/\($0)", truth: .label(label)) }
    }
    return items
  }
}
