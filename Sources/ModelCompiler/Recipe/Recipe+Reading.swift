import Imaging
import ModelManifest
import YAMLReading

extension Recipe {
  /// Reads a recipe file. Every mistake is reported with its line.
  public init(contentsOf path: String) throws(CompilerError) {
    let bytes = try TextFile.bytes(of: path)
    let mistakes = YAMLMistakes(file: path)
    let node: YAMLNode
    do {
      node = try YAMLNode.parse(bytes, file: path)
    } catch {
      throw CompilerError(.invalid, error.description)
    }
    let recipe = node.readMapping(mistakes) { RecipeReading(folder: TextFile.folder(of: path)).recipe(from: $0) }
    guard mistakes.isEmpty, let recipe else { throw CompilerError(.invalid, mistakes.sorted.map(\.description).joined(separator: "\n")) }
    self = recipe
  }
}

/// One section of the recipe a function; defaults are those of the manifest's types.
struct RecipeReading {
  /// The recipe's own folder, ending in a slash.
  let folder: String

  func recipe(from top: YAMLMapping) -> Recipe? {
    let task = top.required("task")?.choice(of: Manifest.Task.self) ?? .raw
    let recipe = Recipe(
      name: top["name"]?.identifier(), version: top["version"]?.string() ?? "1", task: task, labels: labels(top["labels"]),
      input: top["input"]?.mapping(input), decoding: top["decoding"]?.mapping(decoding), licence: top["licence"]?.string(),
      provenance: top["provenance"]?.string(), constants: constants(top["constants"]), states: states(top["states"]),
      calibrationFolder: top["calibration"]?.mapping(calibration))
    if task != .raw {
      if recipe.input == nil, top["input"] == nil { _ = top.required("input") }
      if recipe.decoding == nil, top["decoding"] == nil { _ = top.required("decoding") }
    }
    if let decoding = recipe.decoding, task != .raw, decoding.task != task {
      top.report("decoding", "the decoding is one of \(decoding.task.rawValue), the task is \(task.rawValue)")
    }
    return recipe
  }

  /// A list, or `{file: NAME}` with one label a line, relative to the recipe.
  private func labels(_ value: YAMLValue?) -> [String] {
    guard let value else { return [] }
    if value.isMapping {
      return value.mapping { mapping in
        guard let file = mapping.required("file"), let name = file.string() else { return [] }
        guard let bytes = try? TextFile.bytes(of: resolved(name)) else {
          file.report("the label file \(resolved(name)) can't be read")
          return []
        }
        // A carriage return and a line feed are one character.
        return String(decoding: bytes, as: UTF8.self).split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }.map(String.init)
          .trimmingTrailingEmpty()
      } ?? []
    }
    return value.list { $0.string() } ?? []
  }

  private func calibration(_ mapping: YAMLMapping) -> String? {
    mapping.required("folder")?.string().map(resolved)
  }

  func resolved(_ path: String) -> String { path.hasPrefix("/") ? path : folder + path }

  private func input(_ mapping: YAMLMapping) -> ImageInput? {
    let tensor = mapping.required("tensor")?.string()
    let size = mapping.required("size")?.size()
    var input = ImageInput(tensor: tensor ?? "", width: size?.width ?? 1, height: size?.height ?? 1)
    if let colour = mapping["colour"]?.choice(of: ImageInput.Colour.self) { input.colour = colour }
    if let fit = mapping["fit"]?.choice(of: ImageInput.Fit.self) { input.fit = fit }
    if let anchor = mapping["anchor"]?.choice(of: ImageInput.Anchor.self) { input.anchor = anchor }
    if let padding = mapping["padding"]?.float(in: 0...255) { input.padding = Float(padding) }
    let channels = input.channelCount
    input.mean = perChannel(mapping["mean"], channels, in: -1000...1000) ?? [Float](repeating: 0, count: channels)
    input.deviation = perChannel(mapping["deviation"], channels, in: 1e-6...1e6) ?? [Float](repeating: 1, count: channels)
    // Every key was asked for first, so that one mistake doesn't make mistakes of the others.
    return tensor == nil || size == nil ? nil : input
  }

  /// One number for all channels, or a list of one each.
  private func perChannel(_ value: YAMLValue?, _ channels: Int, in range: ClosedRange<Double>) -> [Float]? {
    guard let value else { return nil }
    guard value.isSequence else { return value.float(in: range).map { [Float](repeating: Float($0), count: channels) } }
    guard let list = value.list({ $0.float(in: range) }) else { return nil }
    guard list.count == channels else {
      value.report("\(list.count) values for \(channels) channels")
      return nil
    }
    return list.map { Float($0) }
  }

  private enum Family: String, CaseIterable {
    case classification, yolox, ssd
  }

  private func decoding(_ mapping: YAMLMapping) -> Decoding? {
    switch mapping.required("family")?.choice(of: Family.self) {
    case .classification: return classification(mapping)
    case .yolox: return yolox(mapping)
    case .ssd: return ssd(mapping)
    case nil:
      // Which keys belong here is unknown with the family.
      _ = mapping.all
      return nil
    }
  }

  private func classification(_ mapping: YAMLMapping) -> Decoding? {
    guard let output = mapping.required("output")?.string() else { return nil }
    return .classification(
      ClassificationDecoding(
        output: output, appliesSoftmax: mapping["softmax"]?.bool() ?? false, labelOffset: mapping["label-offset"]?.int(in: 0...100_000) ?? 0))
  }

  private func yolox(_ mapping: YAMLMapping) -> Decoding? {
    guard let output = mapping.required("output")?.string() else { return nil }
    return .yolox(
      YOLOXDecoding(
        output: output, strides: mapping["strides"]?.list { $0.int(in: 1...1024) } ?? [8, 16, 32], appliesSigmoid: mapping["sigmoid"]?.bool() ?? false,
        suppression: suppression(mapping["suppression"])))
  }

  private func ssd(_ mapping: YAMLMapping) -> Decoding? {
    guard let scores = mapping.required("scores")?.string(), let boxes = mapping.required("boxes")?.string() else { return nil }
    return .ssd(
      SSDDecoding(
        scores: scores, boxes: boxes, boxFormat: mapping["box-format"]?.choice(of: SSDDecoding.BoxFormat.self) ?? .corners,
        isNormalised: mapping["normalised"]?.bool() ?? true, backgroundClass: mapping["background"]?.int(in: 0...100_000),
        appliesSoftmax: mapping["softmax"]?.bool() ?? false, suppression: suppression(mapping["suppression"])))
  }

  private func suppression(_ value: YAMLValue?) -> Suppression {
    var suppression = Suppression()
    _ = value?.mapping { mapping -> Bool? in
      if let score = mapping["score"]?.float(in: 0...1) { suppression.scoreThreshold = Float(score) }
      if let overlap = mapping["overlap"]?.float(in: 0...1) { suppression.overlapThreshold = Float(overlap) }
      if let isClassWise = mapping["class-wise"]?.bool() { suppression.isClassWise = isClassWise }
      if let limit = mapping["limit"]?.int(in: 1...10_000) { suppression.limit = limit }
      return true
    }
    return suppression
  }
}

extension Decoding {
  fileprivate var task: Manifest.Task {
    switch self {
    case .classification: .classification
    case .yolox, .ssd: .detection
    }
  }
}

extension [String] {
  fileprivate func trimmingTrailingEmpty() -> [String] {
    var lines = self
    while lines.last?.isEmpty == true { lines.removeLast() }
    return lines
  }
}

/// Reading small text files that a recipe names.
enum TextFile {
  /// The folder of a path, ending in a slash; empty for a bare name.
  static func folder(of path: String) -> String {
    path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
  }

  static func bytes(of path: String) throws(CompilerError) -> [UInt8] {
    do throws(ImagingError) {
      return try FileBytes.read(path, maximumByteCount: 16 << 20)
    } catch {
      throw CompilerError(.file, error.message)
    }
  }
}
