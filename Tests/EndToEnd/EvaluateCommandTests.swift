import Foundation
import Testing

/// `evaluate`, and the data sets that it shares with `compile`.
@Suite(.serialized) final class EvaluateCommandTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-evaluate-\(UUID().uuidString)")
  private let weights = Programs.packageRoot.appendingPathComponent("Calibration/surface-defects/surface-defects.onnx").path
  private let recipe = Programs.packageRoot.appendingPathComponent("Calibration/surface-defects/surface-defects.yaml").path
  private let builtIn = Programs.packageRoot.appendingPathComponent("Sources/CDemoModel/surface-defects.swiftlet").path

  init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  private func write(_ data: Data, to name: String) throws {
    let url = folder.appendingPathComponent(name)
    try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try data.write(to: url)
  }

  private func run(_ arguments: [String]) throws -> (status: Int32?, output: String, errors: [String]) {
    let program = try RunningProgram("swiftlet", arguments)
    let status = program.waitForEnd()
    return (status, program.outputText, program.errorLines)
  }

  private func dataset() throws -> String {
    let data = path("data")
    #expect(try run(["demo", "--write-dataset", data, "--frames", "6", "--seed", "1"]).status == 0)
    return data
  }

  @Test func `two forms are told apart by their files, in text and on the page`() throws {
    let data = try dataset()
    let compared = try run(["evaluate", builtIn, data, "--against", weights, "--recipe", recipe, "--report", path("report")])
    #expect(compared.status == 0, "\(compared.errors)")
    #expect(compared.output.contains("of surface-defects.onnx, ") && compared.output.contains("of surface-defects.swiftlet over 6 image(s)"))
    let page = try String(contentsOfFile: path("report/index.html"), encoding: .utf8)
    for text in [compared.output, page] { #expect(!text.contains("float") && !text.contains("8 bits"), "\(text)") }
    let same = try run(["evaluate", builtIn, data, "--against", builtIn])
    #expect(same.output.contains("class(es) stay as they are") && !same.output.contains("change less"), "\(same.output)")
  }

  @Test func `figures have four decimals`() throws {
    let lines = try run(["evaluate", builtIn, try dataset()]).output.split(separator: "\n")
    let figures = lines.flatMap { $0.split { " ,".contains($0) } }.filter { $0.first?.isNumber == true && $0.contains(".") }
    #expect(figures.count >= 3 && figures.allSatisfy { $0.split(separator: ".").last?.count == 4 }, "\(lines)")
  }

  @Test func `what of a data set doesn't count is noted`() throws {
    let data = try dataset()
    let label = try #require(try FileManager.default.contentsOfDirectory(atPath: "\(data)/labels").sorted().last)
    try FileManager.default.removeItem(atPath: "\(data)/labels/\(label)")
    try write(Data(), to: "data/images/x.png")
    let noted = try run(["evaluate", builtIn, data])
    #expect(noted.status == 0 && noted.errors.contains { $0.contains("1 of 6 image(s) have no label file") }, "\(noted.errors)")
    #expect(noted.errors.contains { $0.contains("1 file(s) were left out; PNG") }, "\(noted.errors)")
  }

  @Test func `a calibration folder's images in other formats are noted, and alone they are no images`() throws {
    try write(Data(), to: "calibration/a.png")
    let compile = ["compile", weights, "--recipe", recipe, "--method", "min-max", "-o", path("q.swiftlet"), "--calibrate", path("calibration") + "/"]
    let refused = try run(compile)
    #expect(refused.status == 1 && refused.errors.contains { $0.contains("1 file(s) are images of other formats: PNG") }, "\(refused.errors)")
    try write(Data("P6\n64 48\n255\n".utf8) + Data(repeating: 90, count: 64 * 48 * 3), to: "calibration/b.ppm")
    let noted = try run(compile)
    #expect(noted.status == 0 && noted.errors.contains { $0.contains("1 file(s) were left out") }, "\(noted.errors)")
    try write(Data([0xFF, 0xD8, 0xFF, 0xE0, 0, 16]), to: "calibration/c.jpg")
    let broken = try run(compile)
    #expect(broken.status == 1 && broken.errors.contains { $0.contains("calibration/c.jpg") && !$0.contains("//") }, "\(broken.errors)")
  }

  @Test func `a model and labels of another task are told before any label is looked up`() throws {
    let data = try dataset()
    try write(Data(), to: "classes/zebra/a.jpg")
    try FileManager.default.createDirectory(atPath: path("empty"), withIntermediateDirectories: true)
    let misuses: [(arguments: [String], status: Int32, message: String)] = [
      ([builtIn, data, "--labels", "folders"], 2, "is for detection, --labels folders is for classification"),
      ([builtIn, path("classes")], 2, "is for detection, \(path("classes")) is labelled for classification"),
      ([builtIn, path("empty")], 1, "has no images (JPEG, BMP, PPM or PGM): a data set is images/ with labels/"),
      ([builtIn, data, "--against", weights], 2, "surface-defects.onnx is a model file, which names neither task nor labels: give its recipe, --recipe FILE"),
      ([weights, data], 2, "give its recipe, --recipe FILE"),
    ]
    for (arguments, status, message) in misuses {
      let refused = try run(["evaluate"] + arguments)
      #expect(refused.status == status && refused.errors.count == 1 && refused.errors[0].contains(message), "\(arguments): \(refused.errors)")
    }
    let compiled = try run(
      ["compile", weights, "--recipe", recipe, "--calibrate", "recipe", "-o", path("q.swiftlet"), "--evaluate", path("classes")])
    #expect(compiled.status == 2 && compiled.errors.contains { $0.contains("is labelled for classification") }, "\(compiled.errors)")
  }
}
