import Imaging

/// Finds class names that people write in folder and file names among a model's labels.
struct LabelNames {
  private var indices: [String: [Int]] = [:]

  /// - Parameter labels: each may be a list of synonyms with commas between them; first synonyms go before others'.
  init(_ labels: [String]) {
    let synonyms = labels.map { $0.split(separator: ",").map { Self.normalised(String($0)) } }
    for (index, names) in synonyms.enumerated() {
      if let first = names.first { indices[first, default: []].append(index) }
    }
    let firsts = indices
    for (index, names) in synonyms.enumerated() {
      for name in names.dropFirst() where firsts[name] == nil { indices[name, default: []].append(index) }
    }
    for (index, label) in labels.enumerated() {
      let whole = Self.normalised(label)
      if indices[whole] == nil { indices[whole] = [index] }
    }
  }

  /// The labels of that name, ascending: more than one where labels share a name (ImageNet has two cranes).
  func indices(of name: String) -> [Int] { indices[Self.normalised(name)] ?? [] }

  /// Lower case, underscores as spaces, none at the ends.
  static func normalised(_ name: String) -> String {
    var text = Substring(name.lowercased().map { $0 == "_" ? " " : $0 }.reduce(into: "") { $0.append($1) })
    while text.first?.isWhitespace == true { text.removeFirst() }
    while text.last?.isWhitespace == true { text.removeLast() }
    return String(text)
  }
}

extension LabelledDataset {
  /// A class in a file name: an optional WordNet number, the name, and an optional running number.
  private struct NamedImage {
    let file: String
    let wordNetNumber: Int?
    let candidates: [Int]

    init(file: String, names: LabelNames) {
      self.file = file
      var stem = file[..<(file.lastIndex(of: ".") ?? file.endIndex)]
      let digits = stem.dropFirst().prefix(8)
      if stem.first == "n", digits.count == 8, digits.allSatisfy({ $0 >= "0" && $0 <= "9" }), stem.dropFirst(9).first == "_" {
        wordNetNumber = Int(digits)
        stem = stem.dropFirst(10)
      } else {
        wordNetNumber = nil
      }
      var found = names.indices(of: String(stem))
      if found.isEmpty {
        while let last = stem.last, last.isNumber || last == "_" || last == "-" || last == "." || last == " " { stem.removeLast() }
        found = names.indices(of: String(stem))
      }
      candidates = found
    }
  }

  static func namedContents(_ path: String, labels: [String]) throws(ObjectDetectionError) -> Contents {
    let names = LabelNames(labels)
    let files = try Folder.images(of: path)
    let images = files.names.map { NamedImage(file: $0, names: names) }
    let certain = images.filter { $0.wordNetNumber != nil && $0.candidates.count == 1 }
    var items: [Item] = []
    for image in images {
      guard var label = image.candidates.first else {
        throw ObjectDetectionError(.malformedLabels, "\(ImageFolder.path(in: path, image.file)): the model has no label of this name")
      }
      if image.candidates.count > 1, let number = image.wordNetNumber {
        // ImageNet's classes are in the order of their WordNet numbers, so the neighbours tell which of two namesakes it is.
        let twins = Set(images.filter { $0.candidates == image.candidates }.compactMap(\.wordNetNumber)).sorted()
        if twins.count == image.candidates.count, let rank = twins.firstIndex(of: number) {
          label = image.candidates[rank]
        } else {
          label = image.candidates.first { candidate in certain.allSatisfy { ($0.wordNetNumber! < number) == ($0.candidates[0] < candidate) } } ?? label
        }
      }
      items.append(Item(imagePath: ImageFolder.path(in: path, image.file), truth: .label(label)))
    }
    return Contents(items: items, foreignCount: files.foreignCount)
  }
}
