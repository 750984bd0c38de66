import Foundation
import ModelCompiler
import ModelManifest
import Testing

/// Recipes as people write them, and the mistakes that they make.
struct RecipeTests {
  private static let whole = """
    name: parts
    version: "2"
    task: detection
    labels: [screw, nut]
    input: {tensor: image, size: 320x240, colour: rgb, fit: letterbox, anchor: centre, padding: 114, mean: [1, 2, 3], deviation: 2}
    decoding:
      family: yolox
      output: out
      strides: [8, 16]
      suppression: {score: 0.25, overlap: 0.6, class-wise: false, limit: 9}
    licence: Apache-2.0
    provenance: somewhere
    calibration: {folder: images}
    """

  /// The recipe of a text, or the message of its refusal.
  private func read(_ text: String, files: [String: String] = [:]) throws -> Result<Recipe, CompilerError> {
    let folder = FileManager.default.temporaryDirectory.appendingPathComponent("recipe-tests-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (name, contents) in files.merging(["r.yaml": text], uniquingKeysWith: { $1 }) {
      try Data(contents.utf8).write(to: folder.appendingPathComponent(name))
    }
    return Result { () throws(CompilerError) in try Recipe(contentsOf: folder.appendingPathComponent("r.yaml").path) }
  }

  private func refusal(_ text: String, files: [String: String] = [:]) throws -> String {
    switch try read(text, files: files) {
    case .success: ""
    case .failure(let error): error.message
    }
  }

  @Test func `every key of a detection recipe is read`() throws {
    let recipe = try read(Self.whole).get()
    #expect(recipe.name == "parts" && recipe.version == "2" && recipe.task == .detection && recipe.labels == ["screw", "nut"])
    let input = try #require(recipe.input)
    #expect(input.tensor == "image" && input.width == 320 && input.height == 240 && input.padding == 114)
    #expect(input.mean == [1, 2, 3] && input.deviation == [2, 2, 2])
    guard case .yolox(let decoding)? = recipe.decoding else {
      Issue.record("no yolox decoding")
      return
    }
    #expect(decoding.output == "out" && decoding.strides == [8, 16])
    #expect(decoding.suppression.scoreThreshold == 0.25 && decoding.suppression.overlapThreshold == 0.6)
    #expect(!decoding.suppression.isClassWise && decoding.suppression.limit == 9)
    #expect(recipe.calibrationFolder?.hasSuffix("/images") == true)
    #expect(recipe.manifest(defaultName: "other").name == "parts")
  }

  @Test func `labels come from a file beside the recipe, one a line`() throws {
    let text = "task: raw\nlabels: {file: names.txt}\n"
    #expect(try read(text, files: ["names.txt": "one\r\ntwo\n\nfour\n\n"]).get().labels == ["one", "two", "", "four"])
    #expect(try refusal(text).contains("names.txt can't be read"))
  }

  @Test func `constants and states are read`() throws {
    let text = """
      task: raw
      constants: {rate: 16000, gain: 0.5, flag: true, list: [1, 2]}
      states: [{input: h, output: hn}]
      """
    let recipe = try read(text).get()
    #expect(recipe.constants["rate"]?.integers() == [16000] && recipe.constants["rate"]?.dimensions == [])
    #expect(recipe.constants["gain"]?.floats() == [0.5] && recipe.constants["flag"]?.integers() == [1])
    #expect(recipe.constants["list"]?.dimensions == [2])
    #expect(recipe.states.count == 1)
    #expect(try refusal("task: raw\nconstants: {rate: fast}\n").contains("expected a number"))
    #expect(try refusal("task: raw\nstates: [{input: h}]\n").contains("output"))
  }

  /// Text to replace in the whole recipe, by what, and what the refusal says.
  static let mistakes: [(String, String, [String])] = [
    ("task: detection\n", "", ["task"]),
    ("task: detection", "task: detecton", ["r.yaml:3", "detecton"]),
    ("task: detection", "task: classification", ["the decoding is one of detection", "the task is classification"]),
    ("family: yolox", "family: yolo9000", ["r.yaml:7", "yolo9000"]),
    ("  output: out\n", "", ["output"]),
    ("tensor: image, ", "", ["tensor"]),
    ("size: 320x240", "size: 320", ["r.yaml:5", "size"]),
    ("size: 320x240", "size: 0x240", ["r.yaml:5"]),
    ("padding: 114", "padding: 300", ["padding"]),
    ("padding: 114", "paddding: 114", ["paddding", "did you mean \"padding\"?"]),
    ("mean: [1, 2, 3]", "mean: [1, 2]", ["2 values for 3 channels"]),
    ("deviation: 2", "deviation: 0", ["deviation"]),
    ("score: 0.25", "score: 2", ["score"]),
    ("limit: 9", "limit: 0", ["limit"]),
    ("strides: [8, 16]", "strides: [8, x]", ["strides"]),
    ("colour: rgb", "color: rgb", ["did you mean \"colour\"?"]),
    ("calibration: {folder: images}", "calibration: {}", ["folder"]),
    ("licence: Apache-2.0", "licence: [", ["r.yaml"]),
  ]

  @Test(arguments: mistakes.indices) func `a mistake is reported with its line and what was expected`(index: Int) throws {
    let (old, new, parts) = Self.mistakes[index]
    #expect(Self.whole.contains(old))
    let message = try refusal(Self.whole.replacingOccurrences(of: old, with: new))
    for part in parts { #expect(message.contains(part), "\(message)") }
  }

  @Test func `two mistakes are reported together`() throws {
    let message = try refusal(Self.whole.replacingOccurrences(of: "limit: 9", with: "limit: 0").replacingOccurrences(of: "padding: 114", with: "padding: -1"))
    #expect(message.split(separator: "\n").count == 2)
  }

  @Test func `a task other than raw needs its input and its decoding`() throws {
    let message = try refusal("task: classification\n")
    #expect(message.contains("input") && message.contains("decoding"))
    #expect(try read("task: raw\n").get().task == .raw)
  }

  @Test func `a recipe that isn't there is named`() {
    let error = #expect(throws: CompilerError.self) { try Recipe(contentsOf: "/nowhere/r.yaml") }
    #expect(error?.code == .file && error?.message.contains("/nowhere/r.yaml") == true)
  }
}
