import Foundation
import Testing

/// `swiftlet infer M.onnx --tensor …`, on models written byte by byte.
@Suite(.serialized) final class RawTensorTests {
  private let folder: URL

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-tensors-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func run(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: [String]) {
    let program = try RunningProgram("swiftlet", arguments)
    let status = program.waitForEnd()
    return (status, program.outputText, program.errorLines)
  }

  // MARK: Files

  private func bytes(_ number: Int, _ payload: [UInt8]) -> [UInt8] {
    let count = payload.count < 128 ? [UInt8(payload.count)] : [UInt8(payload.count & 127 | 128), UInt8(payload.count >> 7)]
    return [UInt8(number << 3 | 2)] + count + payload
  }
  private func text(_ number: Int, _ text: String) -> [UInt8] { bytes(number, Array(text.utf8)) }
  private func integer(_ number: Int, _ value: UInt8) -> [UInt8] { [UInt8(number << 3), value] }

  /// A value of ONNX's type number; nil is an open dimension.
  private func value(_ name: String, _ type: UInt8, _ dimensions: [UInt8?]) -> [UInt8] {
    let shape = dimensions.flatMap { bytes(1, $0.map { integer(1, $0) } ?? text(2, "n")) }
    return text(1, name) + bytes(2, bytes(1, integer(1, type) + bytes(2, shape)))
  }

  private func node(_ type: String, _ inputs: [String], _ outputs: [String]) -> [UInt8] {
    inputs.flatMap { text(1, $0) } + outputs.flatMap { text(2, $0) } + text(4, type)
  }

  @discardableResult
  private func write(_ name: String, _ nodes: [[UInt8]], inputs: [[UInt8]], outputs: [[UInt8]]) throws -> String {
    let graph = nodes.flatMap { bytes(1, $0) } + text(2, "g") + inputs.flatMap { bytes(11, $0) } + outputs.flatMap { bytes(12, $0) }
    try #require(graph.count < 1 << 14)
    try Data(integer(1, 8) + bytes(7, graph) + bytes(8, integer(2, 13))).write(to: folder.appendingPathComponent(name))
    return path(name)
  }

  /// A .npy file of a NumPy type.
  @discardableResult
  private func save<Number>(_ name: String, _ type: String, _ shape: String, _ values: [Number]) throws -> String {
    var header = "{'descr': '\(type)', 'fortran_order': False, 'shape': (\(shape)), }"
    header += String(repeating: " ", count: 117 - header.utf8.count) + "\n"
    var data = Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]) + Data(header.utf8)
    unsafe values.withUnsafeBytes { unsafe data.append(contentsOf: $0) }
    try data.write(to: folder.appendingPathComponent(name))
    return path(name)
  }

  private func floats(_ name: String) throws -> [Float] {
    let data = try Data(contentsOf: folder.appendingPathComponent(name))
    return stride(from: 128, to: data.count, by: 4).map { start in
      Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(data[start + $1]) << UInt32(8 * $1) })
    }
  }

  // MARK: Runs

  @Test func `tensors bind open dimensions, and come in any type`() throws {
    let model = try write("m.onnx", [node("Neg", ["x"], ["a/y"])], inputs: [value("x", 1, [nil, 2])], outputs: [value("a/y", 1, [nil, 2])])
    let x = try save("x.npy", "<f8", "2, 2", [1.0, 2, 3, -4])
    let result = try run(["infer", model, "--tensor", "x=\(x)", "--save-tensors", path("out"), "--json"])
    #expect(result.status == 0 && result.errors.isEmpty, "\(result.errors)")
    #expect(result.output == "{\"backend\": \"cpu\", \"outputs\": [{\"name\": \"a/y\", \"type\": \"float32\", \"dimensions\": [2, 2]}]}\n")
    #expect(try floats("out/a_y.npy") == [-1, -2, -3, 4])
    let evaluated = try run(["infer", model, "--tensor", "x=\(x)", "--save-tensors", path("out2"), "--backend", "reference", "--json"])
    #expect(evaluated.status == 0 && evaluated.output.contains("\"backend\": \"reference\""))
    #expect(try floats("out2/a_y.npy") == [-1, -2, -3, 4])
  }

  /// On whatever machine the tests run: with a device, without, and with or without kernels built in.
  @Test func `a device that doesn't serve is refused with the reason, or left for the CPU with it`() throws {
    let model = try write("d.onnx", [node("Neg", ["x"], ["y"])], inputs: [value("x", 1, [4])], outputs: [value("y", 1, [4])])
    let given = ["--tensor", "x=\(try save("d.npy", "<f4", "4,", [Float(1), 2, 3, -4]))", "--save-tensors", path("out"), "--json"]
    let demanded = try run(["infer", model, "--backend", "cuda"] + given)
    let served = demanded.status == 0
    #expect(served || demanded.status == 1 && demanded.errors.count == 1 && demanded.errors[0].contains("CUDA"), "\(demanded)")
    let chosen = try run(["infer", model, "--backend", "auto"] + given)
    #expect(chosen.status == 0 && chosen.output.contains(served ? "\"backend\": \"cuda\"" : "\"backend\": \"cpu\""), "\(chosen)")
    #expect(served || chosen.errors.count == 1 && chosen.errors[0].contains("runs on the CPU: "), "\(chosen)")
    #expect(try floats("out/y.npy") == [-1, -2, -3, 4])
    // A recurrence with a function of a mathematical library is what no kernel does.
    let one = bytes(5, text(1, "value") + bytes(5, [0x08, 1, 0x08, 1, 0x08, 1, 0x10, 1] + bytes(9, [0, 0, 0x80, 0x3F])) + [0xA0, 0x01, 4])
    let settings =
      bytes(5, text(1, "hidden_size") + [0x18, 1] + [0xA0, 0x01, 2]) + bytes(5, text(1, "activations") + text(9, "Softplus") + [0xA0, 0x01, 8])
    let recurrent = try write(
      "t.onnx", [node("Constant", [], ["w"]) + one, node("RNN", ["x", "w", "w"], ["y"]) + settings], inputs: [value("x", 1, [4, 1, 1])],
      outputs: [value("y", 1, [4, 1, 1, 1])])
    let sequence = ["--tensor", "x=\(try save("t.npy", "<f4", "4, 1, 1", [Float(1), 2, 3, -4]))", "--save-tensors", path("out"), "--json"]
    let refused = try run(["infer", recurrent, "--backend", "cuda"] + sequence)
    #expect(refused.status == 3 && refused.errors.count == 1 && refused.errors[0].contains("a recurrence with the function softplus"), "\(refused)")
  }

  @Test func `what is wrong in a branch that isn't taken keeps nobody from an answer`() throws {
    func branch(_ name: String, _ node: [UInt8]) -> [UInt8] {
      text(1, name) + bytes(6, bytes(1, node) + text(2, name) + bytes(12, text(1, "t"))) + [0xA0, 0x01, 5]
    }
    let choice =
      node("If", ["b"], ["y"]) + bytes(5, branch("then_branch", node("Neg", ["x"], ["t"])))
      + bytes(5, branch("else_branch", node("LSTM", ["x", "x", "x"], ["t"])))
    let model = try write("branches.onnx", [choice], inputs: [value("b", 9, []), value("x", 1, [2])], outputs: [value("y", 1, [2])])
    let x = try save("x.npy", "<f4", "2,", [Float(1), -2])
    let given = ["infer", model, "--tensor", "x=\(x)", "--save-tensors", path("out")]
    let taken = try run(given + ["--tensor", "b=\(try save("yes.npy", "|b1", "", [UInt8(1)]))"])
    #expect(taken.status == 0 && taken.errors.contains { $0.contains("LSTM") }, "\(taken.errors)")
    #expect(try floats("out/y.npy") == [-1, 2])
    let wrong = try run(given + ["--tensor", "b=\(try save("no.npy", "|b1", "", [UInt8(0)]))"])
    #expect(wrong.status == 1 && wrong.errors.count == 1 && wrong.errors[0].contains("LSTM"), "\(wrong.errors)")
  }

  @Test func `a value that decides shapes needs no option; what can't be compiled is evaluated, with a note, or refused by name`() throws {
    let model = try write(
      "r.onnx", [node("Reshape", ["x", "s"], ["y"])], inputs: [value("x", 1, [4]), value("s", 7, [2])], outputs: [value("y", 1, [nil, nil])])
    let given = ["--tensor", "x=\(try save("x.npy", "<f4", "4,", [Float(1), 2, 3, 4]))", "--tensor", "s=\(try save("s.npy", "<i4", "2,", [Int32(2), -1]))"]
    let reshaped = try run(["infer", model, "--json"] + given)
    #expect(reshaped.status == 0 && reshaped.output.contains("\"backend\": \"cpu\"") && reshaped.output.contains("[2, 2]"), "\(reshaped)")

    let places = try write("n.onnx", [node("NonZero", ["x"], ["y"])], inputs: [value("x", 1, [4])], outputs: [value("y", 7, [1, nil])])
    let found = try run(["infer", places, "--json"] + given.prefix(2))
    #expect(found.status == 0 && found.output.contains("\"backend\": \"reference\"") && found.output.contains("[1, 4]"), "\(found)")
    #expect(found.errors.count == 1 && found.errors[0].contains("note: "), "\(found.errors)")
    let refused = try run(["infer", places, "--backend", "cpu"] + given.prefix(2))
    #expect(refused.status == 3 && refused.errors.count == 1, "\(refused)")

    let unknown = try write("u.onnx", [node("Zork", ["x"], ["y"])], inputs: [value("x", 1, [4])], outputs: [value("y", 1, [4])])
    let missing = try run(["infer", unknown] + given.prefix(2))
    #expect(missing.status == 3 && missing.errors.count == 1 && missing.errors[0].contains("Zork (1×: "), "\(missing)")
  }

  @Test func `what doesn't fit an input is one line that names it`() throws {
    let model = try write("m.onnx", [node("Neg", ["image"], ["y"])], inputs: [value("image", 6, [nil, 2])], outputs: [value("y", 6, [nil, 2])])
    let good = try save("good.npy", "<i4", "1, 2", [Int32(1), 2])
    let cases: [(arguments: [String], status: Int32, naming: String)] = [
      ([], 2, "'image' is missing: give --tensor image=FILE.npy"),
      (["--tensor", "imag=\(good)"], 2, "no input 'imag'; did you mean 'image'?"),
      (["--tensor", "image"], 2, "NAME=FILE.npy"),
      (["--tensor", "image=\(good)", "--tensor", "image=\(good)"], 2, "twice"),
      (["--tensor", "image=\(try save("rank.npy", "<i4", "2,", [Int32(1), 2]))"], 1, "wants dimensions [n, 2], of 2 axes, and the tensor has [2]"),
      (["--tensor", "image=\(try save("size.npy", "<i4", "1, 3", [Int32(1), 2, 3]))"], 1, "wants dimensions [n, 2]"),
      (["--tensor", "image=\(try save("real.npy", "<f4", "1, 2", [Float(1), 0.5]))"], 1, "float32 values that input 'image' (int32) can't hold, such as 0.5"),
      (["--tensor", "image=\(try save("long.npy", "<i8", "1, 2", [Int64(1), 1 << 40]))"], 1, "can't hold, such as 1099511627776"),
      (["--tensor", "image=\(path("gone.npy"))"], 1, "gone.npy"),
    ]
    for (arguments, status, word) in cases {
      let refused = try run(["infer", model] + arguments)
      #expect(refused.status == status, "\(arguments): \(refused)")
      #expect(refused.errors.count == 1 && refused.errors[0].contains(word), "\(arguments): \(refused.errors)")
    }
  }

  @Test(arguments: [
    ("notes.txt", Data("these are no weights, whatever\nthe command says\n".utf8), "text"),
    ("photo.jpg", Data([0xFF, 0xD8, 0xFF, 0xE0, 0, 16, 74, 70]), "JPEG"),
    ("x.npy", Data([0x93] + Array("NUMPY".utf8) + [1, 0, 118, 0]), ".npy"), ("m.zip", Data([0x50, 0x4B, 3, 4, 20, 0, 0, 0, 0, 0]), "ZIP"),
    ("empty.onnx", Data(), "empty"),
  ])
  func `what is no model is called by what it is`(name: String, content: Data, word: String) throws {
    try content.write(to: folder.appendingPathComponent(name))
    for command in ["infer", "inspect", "bench"] {
      let refused = try run([command, path(name)])
      #expect(refused.status == 1 && refused.errors.count == 1 && refused.errors[0].contains(word), "\(command): \(refused)")
    }
  }

  @Test func `a model of open shape is inspected by what its file says`() throws {
    let model = try write("m.onnx", [node("Neg", ["x"], ["y"])], inputs: [value("x", 1, [1, nil])], outputs: [value("y", 1, [1, nil])])
    let shown = try run(["inspect", model])
    #expect(shown.status == 0 && shown.output.contains("x: float [1, n]") && shown.output.contains("Neg"), "\(shown)")
    #expect(shown.output.contains("--shape x="))
    #expect(try run(["inspect", model, "--json"]).output.contains("\"operators\": {\"Neg\": 1}"))
    let bound = try run(["inspect", model, "--shape", "x=1x5"]).output
    #expect(bound.contains("arena") && bound.contains("golden values   none yet: compile makes them"), "\(bound)")
    #expect(try run(["bench", model, "--shape", "x=1x5", "--seconds", "0.1", "--json"]).output.contains("median_ms"))
    #expect(try run(["bench", model]).status == 3)
  }

  @Test func `of a package only bench takes sizes, within its bounds`() throws {
    let model = try write("open.onnx", [node("Neg", ["x"], ["y"])], inputs: [value("x", 1, [1, nil])], outputs: [value("y", 1, [1, nil])])
    let package = model.replacing(".onnx", with: ".swiftlet")
    #expect(try run(["compile", model, "--shape", "x=1x1..8", "-o", package]).status == 0)
    #expect(try run(["bench", package, "--shape", "x=1x5", "--seconds", "0.1", "--json"]).status == 0)
    let outside = try run(["bench", package, "--shape", "x=1x9", "--seconds", "0.1"])
    #expect(outside.status != 0 && outside.errors.joined().contains("can be 1 to 8, not 9"), "\(outside)")
    for command in [["inspect", package], ["infer", package, "--tensor", "x=x.npy"], ["evaluate", package, "sounds"], ["transcribe", package, model]] {
      let refused = try run(command + ["--shape", "x=1x5"])
      #expect(refused.status == 2 && refused.errors.joined().contains("leave --shape out"), "\(refused)")
    }
  }

  @Test func `where a package can't be written is said before it is made`() throws {
    let model = try write("place.onnx", [node("Unknown", ["x"], ["y"])], inputs: [value("x", 1, [1, 5])], outputs: [value("y", 1, [1, 5])])
    let refused = try run(["compile", model, "-o", "/no/such/folder/m.swiftlet"])
    #expect(refused.status == 1 && refused.errors.joined().contains("its folder isn't there"), "\(refused)")
  }
}
