import Foundation
import Testing

/// `compile --calibrate --evaluate` of models that hear: what 8 bits cost in words and in classes, and the budget.
@Suite(.serialized) final class SoundAccuracyTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-heard-\(UUID().uuidString)")

  init() throws {
    try FileManager.default.createDirectory(at: folder.appendingPathComponent("sounds"), withIntermediateDirectories: true)
    for hertz in [440, 900, 1800] { try SmallSound.tone(Double(hertz)).write(to: folder.appendingPathComponent("sounds/\(hertz).wav")) }
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func text(of name: String) throws -> String { try String(contentsOfFile: path(name), encoding: .utf8) }

  private func write(_ text: String, to name: String) throws {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try Data(text.utf8).write(to: url)
  }

  private func run(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: [String]) {
    let program = try RunningProgram("swiftlet", arguments)
    let status = program.waitForEnd()
    return (status, program.outputText, program.errorLines)
  }

  private static let sound = "sound: {tensor: mel, sample-rate: 8000, features: log-mel, window: 256, hop: 128, bands: 8, log-offset: 1.0e-6"

  /// mel → a, of whose two channels the second, which tells letters apart, is less than a step of the first; something else reads the first.
  private func writeSpeechModel() throws {
    let model = SmallONNX(
      input: ("mel", [.size(1), .size(8), .open("T")]),
      constants: [
        ("w", [2, 8, 1], [Float](repeating: 500, count: 8) + [0.02, 0, -0.02, 0.01, 0.02, -0.01, 0.01, -0.02]), ("v", [3, 2, 1], [0, 100, 0, -100, 0, 0]),
        ("u", [3, 2, 1], [Float](repeating: 0, count: 6)),
      ],
      nodes: [
        .init("Conv", ["mel", "w"], "a"), .init("Abs", ["a"], "b"), .init("Conv", ["b", "u"], "c"), .init("Conv", ["a", "v"], "d"),
        .init("Add", ["c", "d"], "e"), .init("Transpose", ["e"], "y", ["perm": [0, 2, 1]]),
      ], output: "y")
    try Data(model.bytes).write(to: folder.appendingPathComponent("speech.onnx"))
    try write(
      """
      task: transcription
      \(Self.sound), normalise: band}
      shapes: {mel: 1x8x16..200}
      decoding: {family: ctc, output: y, alphabet: "ab", blank: 2}

      """, to: "speech.yaml")
  }

  private var compileSpeech: [String] {
    ["compile", path("speech.onnx"), "--recipe", path("speech.yaml"), "--calibrate", path("sounds"), "--method", "min-max", "-o", path("speech.swiftlet")]
  }

  /// Says of each sound that what the float model hears is spoken in it.
  private func tellWhatFloatHears() throws {
    let float = try run(["compile", path("speech.onnx"), "--recipe", path("speech.yaml"), "-o", path("float.swiftlet")])
    try #require(float.status == 0, "\(float.errors)")
    let heard = try run(["transcribe", path("float.swiftlet"), path("sounds"), "--json"]).output.split(separator: "\n")
    try #require(heard.count == 3)
    for line in heard {
      let clip = try #require(try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
      let (file, said) = (try #require(clip["file"] as? String), try #require(clip["text"] as? String))
      #expect(said.contains("a") && said.contains("b"))
      try Data(said.utf8).write(to: URL(fileURLWithPath: String(file.dropLast(4)) + ".txt"))
    }
  }

  @Test func `what 8 bits cost speech is counted in words, shown with both texts, and kept in the package`() throws {
    try writeSpeechModel()
    let untold = try run(compileSpeech + ["--evaluate", path("sounds")])
    #expect(untold.status == 2 && untold.errors.last?.contains("nothing says what is spoken") == true, "\(untold.errors)")
    try tellWhatFloatHears()
    let compiled = try run(compileSpeech + ["--evaluate", path("sounds"), "--report", path("report")])
    #expect(compiled.status == 0, "\(compiled.errors)")
    let summary = "word error rate 0.00 % in float, 100.00 % in 8 bits over 3 sound(s), 0 and 3 errors in 3 words: +100.00 points (95 %: +100.00 to +100.00)"
    #expect(compiled.output.contains(summary) && compiled.output.contains("    8 bits: a") && compiled.output.contains("dB of signal"), "\(compiled.output)")
    let page = try text(of: "report/index.html")
    #expect(page.contains(summary) && page.contains("Sounds that differ most") && page.contains("440.wav") && page.contains("<th>dB</th>"), "\(page)")
    #expect(!page.contains("Classes"))
    let figures = try #require(try JSONSerialization.jsonObject(with: Data(text(of: "report/report.json").utf8)) as? [String: Any])
    #expect(figures["sounds"] as? Int == 3 && (figures["worst_sounds"] as? [[String: Any]])?.first?["said"] is String)
    #expect((figures["words"] as? [String: Int]) == ["said": 3, "float": 0, "quantised": 3])
    #expect(try run(["inspect", path("speech.swiftlet")]).output.contains("accuracy        \(summary)"))
    // Counted like this by `evaluate`, too.
    let counted = try run(["evaluate", path("speech.swiftlet"), path("sounds"), "--against", path("float.swiftlet"), "--report", path("report"), "--json"])
    #expect(counted.status == 0 && counted.output.contains("\"word_error_rate\": 1") && counted.output.contains("\"against_word_error_rate\": 0"), "\(counted)")
    #expect(try text(of: "report/index.html").contains("100.00 % of speech.swiftlet"))
  }

  @Test func `a budget in words keeps those values in float that lose them`() throws {
    try writeSpeechModel()
    try tellWhatFloatHears()
    let kept = try run(compileSpeech + ["--evaluate", path("sounds"), "--accuracy-budget", "0.5%"])
    #expect(kept.status == 0 && kept.output.contains("0.00 % in float, 0.00 % in 8 bits"), "\(kept)")
    let inspected = try run(["inspect", path("speech.swiftlet")]).output
    #expect(inspected.contains("open size       T: 16 to 200") && inspected.contains("kept in float"), "\(inspected)")
    #expect(try run(["evaluate", path("speech.swiftlet"), path("sounds")]).output.contains("word error rate 0.00 % (0 of 3 words"))
  }

  @Test func `single sounds are counted by their classes`() throws {
    let model = SmallONNX(
      input: ("mel", [.size(1), .size(8), .size(20)]), constants: [("w", [2, 8, 1], [1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 0])],
      nodes: [.init("Conv", ["mel", "w"], "a"), .init("GlobalAveragePool", ["a"], "b"), .init("Flatten", ["b"], "y")], output: "y")
    try Data(model.bytes).write(to: folder.appendingPathComponent("words.onnx"))
    try write(
      """
      task: classification
      labels: [low, high]
      \(Self.sound), frames: 20}
      decoding: {family: classification, output: y, softmax: true}

      """, to: "words.yaml")
    for (label, hertz) in [("low", 440), ("high", 1800)] {
      try FileManager.default.createDirectory(atPath: path("words/\(label)"), withIntermediateDirectories: true)
      try FileManager.default.copyItem(atPath: path("sounds/\(hertz).wav"), toPath: path("words/\(label)/\(hertz).wav"))
    }
    let compile = ["compile", path("words.onnx"), "--recipe", path("words.yaml"), "--calibrate", path("sounds"), "-o", path("words.swiftlet")]
    let compiled = try run(compile + ["--evaluate", path("words"), "--accuracy-budget", "0.5%", "--report", path("report")])
    #expect(compiled.status == 0, "\(compiled.errors)")
    #expect(compiled.output.contains("top-1 1.0000 in float, 1.0000 in 8 bits over 2 sound(s)"), "\(compiled.output)")
    #expect(try text(of: "report/index.html").contains("<h2>Classes</h2>"))
    let labelled = try run(compile + ["--evaluate", path("words"), "--labels", "folders"])
    #expect(labelled.status == 2 && labelled.errors.last?.contains("--labels is for images") == true, "\(labelled.errors)")
    let empty = try run(compile + ["--evaluate", path("sounds")])
    #expect(empty.status == 2 && empty.errors.last?.contains("holds no folder with sounds") == true, "\(empty.errors)")
  }

  @Test func `a model that writes token by token is told what to do instead`() throws {
    let refused = try run(["compile", path("sounds"), "--calibrate", path("sounds"), "--evaluate", path("sounds"), "-o", path("x.swiftlet")])
    let told = refused.errors.last ?? ""
    #expect(refused.status == 2 && told.contains("--weights int8, and count what that costs by 'swiftlet evaluate"), "\(told)")
  }
}
