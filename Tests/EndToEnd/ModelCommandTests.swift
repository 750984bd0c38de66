import Foundation
import Testing

/// `compile`, `inspect`, `infer` and `evaluate` as a person uses and misuses them.
@Suite(.serialized) final class ModelCommandTests {
  private let folder: URL
  private let weights = Programs.packageRoot.appendingPathComponent("Calibration/surface-defects/surface-defects.onnx").path
  private let recipe = Programs.packageRoot.appendingPathComponent("Calibration/surface-defects/surface-defects.yaml").path
  private let builtIn = Programs.packageRoot.appendingPathComponent("Sources/CDemoModel/surface-defects.swiftlet").path
  private let frames = Programs.packageRoot.appendingPathComponent("Calibration/surface-defects/frames").path

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-commands-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func run(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: [String]) {
    let program = try RunningProgram("swiftlet", arguments)
    let status = program.waitForEnd()
    return (status, program.outputText, program.errorLines)
  }

  @Test func `a model is compiled, inspected and run`() throws {
    let package = path("m.swiftlet")
    let compiled = try run(["compile", weights, "--recipe", recipe, "-o", package, "--json"])
    #expect(compiled.status == 0, "\(compiled.errors)")
    let facts = try #require(try JSONSerialization.jsonObject(with: Data(compiled.output.utf8)) as? [String: Any])
    #expect(facts["task"] as? String == "detection")
    let inspected = try run(["inspect", package]).output
    #expect(inspected.contains("surface-defects") && inspected.contains("golden values   of "), "\(inspected)")
    let held = try JSONSerialization.jsonObject(with: Data(try run(["inspect", package, "--json"]).output.utf8)) as? [String: Any]
    #expect((held?["golden"] as? [String: Any])?["outputs"] is [String])
    let image = try #require(try FileManager.default.contentsOfDirectory(atPath: frames).sorted().first)
    let found = try run(["infer", package, "\(frames)/\(image)", "--json", "--annotate", path("drawn")])
    #expect(found.status == 0, "\(found.errors)")
    #expect(found.output.contains("\"detections\""))
    #expect(try FileManager.default.contentsOfDirectory(atPath: path("drawn")).count == 1)
  }

  @Test func `weights are kept in 8 bits on demand, and not beside a calibration`() throws {
    let (plain, small) = (path("plain.swiftlet"), path("small.swiftlet"))
    #expect(try run(["compile", weights, "--recipe", recipe, "-o", plain]).status == 0)
    #expect(try run(["compile", weights, "--recipe", recipe, "--weights", "int8", "-o", small]).status == 0)
    let sizes = try [plain, small].map { try #require(try FileManager.default.attributesOfItem(atPath: $0)[.size] as? Int) }
    #expect(sizes[1] < sizes[0] / 2)
    let image = try #require(try FileManager.default.contentsOfDirectory(atPath: frames).sorted().first)
    #expect(try run(["infer", small, "\(frames)/\(image)", "--json"]).output.contains("\"detections\""))
    let refused = try run(["compile", weights, "--recipe", recipe, "--calibrate", frames, "--weights", "int4", "-o", small])
    #expect(refused.status == 2 && refused.errors.last?.contains("leave --weights int4 out") == true)
    let methodAlone = try run(["compile", weights, "--recipe", recipe, "--method", "entropy", "-o", small])
    #expect(methodAlone.status == 2 && methodAlone.errors.last?.contains("--calibrate FOLDER") == true)
  }

  @Test func `a benchmark takes a frame from the camera's buffer to the message`() throws {
    let image = try #require(try FileManager.default.contentsOfDirectory(atPath: frames).sorted().first)
    let arguments = ["bench", builtIn, "--frame", "1280x720", "--picture", "\(frames)/\(image)", "--seconds", "0.2"]
    let bench = try run(arguments + ["--json"])
    #expect(bench.status == 0, "\(bench.errors)")
    let figures = try #require(try JSONSerialization.jsonObject(with: Data(bench.output.utf8)) as? [String: Any])
    let stages = try ["preparation_ms", "inference_ms", "decoding_ms", "encoding_ms"].map { try #require(figures[$0] as? Double) }
    #expect(stages.allSatisfy { $0 > 0 })
    let share = try #require(figures["share_outside_model"] as? Double)
    #expect(abs(share - (1 - stages[1] / stages.reduce(0, +))) < 1e-6)
    #expect(try #require(figures["payload_bytes"] as? Int) > 100)
    #expect(try run(arguments).output.contains("outside the model"))
    #expect(try run(["bench", builtIn, "--frame", "1281x720"]).status == 2)
    #expect(try run(["bench", builtIn, "--picture", "x.jpg"]).errors.contains { $0.contains("--picture goes with --frame") })
    let missing = try run(["bench", builtIn, "--frame", "64x64", "--picture", path("none.jpg")])
    #expect(missing.status != 0 && missing.errors.contains { $0.contains("none.jpg") })
  }

  @Test func `a benchmark times every instruction beside the processor's peak`() throws {
    #expect(try run(["bench", builtIn, "--instructions", "scalar", "--seconds", "0.01", "--json"]).output.contains("median_ms"))
    let foreign = try run(["bench", builtIn, "--instructions", "mmx"])
    #expect(foreign.status == 2 && foreign.errors.contains { $0.contains("'mmx'") && $0.contains("this machine has scalar") })
    let bench = try run(["bench", builtIn, "--seconds", "0.05", "--operators", "--json"])
    #expect(bench.status == 0, "\(bench.errors)")
    let lines = bench.output.split(separator: "\n")
    let last = try #require(lines.last)
    let figures = try #require(try JSONSerialization.jsonObject(with: Data(last.utf8)) as? [String: Any])
    #expect((figures["median_ms"] as? Double).map { $0 > 0 } == true)
    let inspected = try run(["inspect", builtIn, "--json"])
    let facts = try #require(try JSONSerialization.jsonObject(with: Data(inspected.output.utf8)) as? [String: Any])
    let families = try #require(facts["instructions"] as? [String: Any])
    let total = families.values.compactMap { ($0 as? Int) ?? ($0 as? [String: Any])?["count"] as? Int }.reduce(0, +)
    #expect(total > 0 && lines.count { $0.contains("%") && !$0.contains("%  all ") && $0.contains("[") } == total, "\(bench.output)")
    // Multiplications a second stand beside convolutions alone.
    #expect(lines.contains { $0.contains("convolution") && $0.split(separator: " ").count > 8 })
  }

  @Test func `what 8 bits cost is measured, reported and kept in the package`() throws {
    let data = path("data")
    #expect(try run(["demo", "--write-dataset", data, "--frames", "12", "--seed", "1"]).status == 0)
    let package = path("q.swiftlet")
    let options = ["compile", weights, "--recipe", recipe, "--calibrate", "recipe", "-o", package]
    let compiled = try run(options + ["--evaluate", data, "--accuracy-budget", "5%", "--report", path("report")])
    #expect(compiled.status == 0, "\(compiled.errors)")
    #expect(compiled.output.contains("mAP@0.5") && compiled.output.contains("dB of signal to noise"), "\(compiled.output)")
    // The calibration set shows the same line.
    #expect(!compiled.errors.contains { $0.contains("calibrated ranges") }, "\(compiled.errors)")
    let page = try String(contentsOfFile: path("report/index.html"), encoding: .utf8)
    #expect(page.contains("<h2>Classes</h2>") && page.contains("Signal to quantisation noise") && page.contains("<th>float</th><th>8 bits</th>"))
    let inspected = try run(["inspect", package, "--json"])
    let facts = try #require(try JSONSerialization.jsonObject(with: Data(inspected.output.utf8)) as? [String: Any])
    let kept = try #require(facts["accuracy"] as? [String: Any])
    let (float, quantised) = (try #require(kept["float"] as? Double), try #require(kept["quantised"] as? Double))
    #expect(float > 0.5 && quantised > float - 0.05 && kept["images"] as? Int == 12)
    let interval = try #require(kept["change_interval_95"] as? [Double])
    #expect(interval[0] <= interval[1] && (interval[0] - 1e-6...interval[1] + 1e-6).contains(quantised - float))
    let values = try #require(kept["values"] as? [[String: Any]])
    #expect(values.contains { ($0["sqnr_db"] as? Double).map { $0 > 15 } ?? false } && values.contains { $0["is_quantised"] as? Bool == true })
    // The same comparison, later, of the package and the model file.
    let against = try run(["evaluate", package, data, "--against", weights, "--recipe", recipe, "--json"])
    let later = try #require(try JSONSerialization.jsonObject(with: Data(against.output.utf8)) as? [String: Any])
    #expect(later["quantised"] as? Double == quantised && later["float"] as? Double == float)
    // Compiling again gives the same bytes, and takes the place of the first report, pictures and all; a budget that holds changes nothing.
    let first = try Data(contentsOf: URL(fileURLWithPath: package))
    try Data().write(to: URL(fileURLWithPath: path("report/worst-9-before.jpg")))
    let again = try run(options + ["--evaluate", data, "--report", path("report") + "/"])
    #expect(again.status == 0, "\(again.errors)")
    #expect(!FileManager.default.fileExists(atPath: path("report/worst-9-before.jpg")))
    try Data().write(to: URL(fileURLWithPath: path("report/mine.txt")))
    let refused = try run(options + ["--evaluate", data, "--report", path("report")])
    #expect(refused.status == 2 && refused.errors.contains { $0.contains("(mine.txt)") }, "\(refused.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: package)) == first)
  }

  @Test func `a calibration set of another kind is noticed, an impossible budget refused`() throws {
    let data = path("data")
    #expect(try run(["demo", "--write-dataset", data, "--frames", "12", "--seed", "1"]).status == 0)
    // One grey image shows nothing of what the line's frames hold.
    try FileManager.default.createDirectory(atPath: path("grey"), withIntermediateDirectories: true)
    try (Data("P6\n64 48\n255\n".utf8) + Data(repeating: 90, count: 64 * 48 * 3)).write(to: URL(fileURLWithPath: path("grey/a.ppm")))
    let compile = ["compile", weights, "--recipe", recipe, "--calibrate", path("grey"), "-o", path("q.swiftlet"), "--evaluate", data]
    let noticed = try run(compile)
    #expect(noticed.status == 0 && noticed.errors.contains { $0.contains("leave the calibrated ranges") }, "\(noticed.errors)")
    // The finished package still knows it of its input; the one that was calibrated on the line has nothing to tell.
    let later = try run(["evaluate", path("q.swiftlet"), data])
    #expect(later.status == 0 && later.errors.contains { $0.contains("leave the calibrated range of the input") }, "\(later.errors)")
    #expect(try !run(["evaluate", builtIn, data]).errors.contains { $0.contains("calibrated range") })
    let misuses = [
      (compile + ["--accuracy-budget", "much"], "'much' is invalid for '--accuracy-budget <points>': write points"),
      (compile + ["--accuracy-budget", "0.005"], "the percent sign is missing"),
      (compile + ["--accuracy-budget", "-20%"], "the loss to allow is 0% to 100%"),
      (["compile", weights, "-o", path("x"), "--evaluate", data], "--calibrate FOLDER"),
      (["compile", weights, "-o", path("x"), "--calibrate", frames, "--recipe", recipe, "--report", path("r")], "--report needs labelled images"),
      (["evaluate", builtIn, data, "--report", path("r")], "--against"),
    ]
    for (arguments, message) in misuses {
      let refused = try run(arguments)
      #expect(refused.status == 2 && refused.errors.contains { $0.contains(message) }, "\(arguments): \(refused.errors)")
    }
  }

  @Test func `a TFLite model goes where an ONNX model goes`() throws {
    let golden = Programs.packageRoot.appendingPathComponent("Tests/TFLite/Golden/conv.int8").path
    let compiled = try run(["compile", "\(golden)/model.tflite", "-o", path("t.swiftlet")])
    #expect(compiled.status == 0, "\(compiled.errors)")
    #expect(try run(["inspect", "\(golden)/model.tflite"]).output.contains("int8 [1, 7, 6, 4]"))
    // It came in 8 bits: no calibration puts other scales in place of its own.
    let calibrated = try run(["compile", "\(golden)/model.tflite", "--calibrate", frames, "-o", path("other.swiftlet")])
    #expect(calibrated.status == 2 && calibrated.errors.last?.contains("keeps its own scales") == true, "\(calibrated.errors)")
    #expect(!FileManager.default.fileExists(atPath: path("other.swiftlet")))
    for model in ["\(golden)/model.tflite", path("t.swiftlet")] {
      let found = try run(["infer", model, "--tensor", "x0=\(golden)/input_0.npy", "--save-tensors", path("out")])
      #expect(found.status == 0, "\(found.errors)")
    }
    #expect(try FileManager.default.contentsOfDirectory(atPath: path("out")).count == 1)
    var damaged = try Data(contentsOf: URL(fileURLWithPath: "\(golden)/model.tflite"))
    damaged.removeLast(damaged.count / 2)
    try damaged.write(to: URL(fileURLWithPath: path("cut.tflite")))
    let refused = try run(["inspect", path("cut.tflite")])
    #expect(refused.status == 1 && refused.errors.count == 1, "\(refused.errors)")
  }

  @Test func `outputs never replace what they are made from, nor devices`() throws {
    let copy = path("copy.onnx")
    try FileManager.default.copyItem(atPath: weights, toPath: copy)
    let onto = try run(["compile", copy, "--recipe", recipe, "-o", copy])
    #expect(onto.status == 2 && onto.errors.count == 1, "\(onto.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: copy)) == Data(contentsOf: URL(fileURLWithPath: weights)))
    #expect(try run(["compile", weights, "--recipe", recipe, "-o", "/dev/null"]).status == 2)
    #expect(FileManager.default.fileExists(atPath: "/dev/null"))

    let image = path("frame.jpg")
    let source = try #require(try FileManager.default.contentsOfDirectory(atPath: frames).sorted().first)
    try FileManager.default.copyItem(atPath: "\(frames)/\(source)", toPath: image)
    let before = try Data(contentsOf: URL(fileURLWithPath: image))
    let drawn = try run(["infer", builtIn, image, "--annotate", folder.path])
    #expect(drawn.status == 2 && drawn.errors.count == 1, "\(drawn.errors)")
    #expect(try Data(contentsOf: URL(fileURLWithPath: image)) == before)
  }

  @Test func `a pipe without a writer is refused at once, whatever it stands for`() throws {
    let pipe = path("pipe.jpg")
    try #require(unsafe mkfifo(pipe, 0o600) == 0)
    for arguments in [
      ["inspect", pipe], ["compile", pipe, "-o", path("x.swiftlet")], ["compile", weights, "--recipe", pipe, "-o", path("x.swiftlet")],
      ["infer", builtIn, pipe], ["infer", builtIn, "--tensor", "image=\(pipe)"], ["config", "check", pipe], ["run", "--config", pipe],
    ] {
      let refused = try run(arguments)
      #expect(refused.status == 1, "\(arguments): \(refused.errors)")
      #expect((refused.errors + [refused.output]).contains { $0.contains("regular file") }, "\(arguments): \(refused.errors) \(refused.output)")
    }
  }

  @Test(arguments: [
    ("decoding: {family: yolox, output: out}", "out"),
    ("decoding: {family: yolox, output: output, strides: [8]}", "strides"),
    ("decoding: {family: classification, output: output}", "decoding"),
    ("decoding: {family: yolo, output: output, stride: 8}", "yolox"),
  ])
  func `a recipe that doesn't fit the model is refused when it is compiled`(decoding: String, naming word: String) throws {
    let text = """
      task: detection
      labels: [scratch, dent, stain, missing_hole]
      input: {tensor: image, size: 256x192, deviation: 255, fit: stretch}
      \(decoding)
      """
    try text.write(toFile: path("recipe.yaml"), atomically: true, encoding: .utf8)
    let refused = try run(["compile", weights, "--recipe", path("recipe.yaml"), "-o", path("x.swiftlet")])
    #expect(refused.status == 1)
    #expect(refused.errors.count == 1 && refused.errors[0].contains(word), "\(refused.errors)")
    #expect(!FileManager.default.fileExists(atPath: path("x.swiftlet")))
  }
}
