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
    guard mistakes.isEmpty, var recipe else { throw CompilerError(.invalid, mistakes.sorted.map(\.description).joined(separator: "\n")) }
    recipe.file = path
    self = recipe
  }
}

/// One section of the recipe a function; defaults are those of the manifest's types.
struct RecipeReading {
  /// The recipe's own folder, ending in a slash.
  let folder: String

  func recipe(from top: YAMLMapping) -> Recipe? {
    let task = top.required("task")?.choice(of: Manifest.Task.self) ?? .raw
    var recipe = Recipe(
      name: top["name"]?.identifier(), version: top["version"]?.string() ?? "1", task: task, labels: labels(top["labels"]),
      input: top["input"]?.mapping(input), sound: top["sound"]?.mapping(sound), shapes: shapes(top["shapes"]),
      decoding: top["decoding"]?.mapping(decoding), licence: top["licence"]?.string(), provenance: top["provenance"]?.string(),
      constants: constants(top["constants"]), states: states(top["states"]), calibrationFolder: top["calibration"]?.mapping(calibration))
    for section in ["input", "sound", "decoding", "labels", "shapes", "states"] { recipe.lines[section] = top.line(of: section) }
    if top["input"] != nil, top["sound"] != nil { top.report("sound", "a model has one input: either input (images) or sound") }
    if task != .raw {
      if top["input"] == nil, top["sound"] == nil { _ = top.required(task.hears ? "sound" : "input") }
      if recipe.decoding == nil, top["decoding"] == nil { _ = top.required("decoding") }
    }
    if task == .detection, top["sound"] != nil { top.report("sound", "detection finds boxes in images: give input") }
    if task.hears, top["input"] != nil { top.report("input", "\(task.rawValue) hears: give sound") }
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

  /// `{input: 1x64x16..2048}`
  private func shapes(_ value: YAMLValue?) -> [String: [AxisSize]] {
    value?.mapping { mapping in
      var shapes: [String: [AxisSize]] = [:]
      for (name, value) in mapping.all {
        let sizes = value.string()?.split(separator: "x", omittingEmptySubsequences: false).map { AxisSize($0) } ?? []
        guard !sizes.isEmpty, sizes.allSatisfy({ $0 != nil }) else {
          value.report("shapes.\(name): expected sizes such as 1x64x512, or 1x64x16..2048 for one that stays open; sizes are 1 to \(1 << 24)")
          continue
        }
        shapes[name] = sizes.map { $0! }
      }
      return shapes
    } ?? [:]
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
