import Foundation
import Testing

/// Real models on real photographs find what a person sees. Needs the shared models and data; skipped loudly without them.
@Suite(.serialized) struct PhotographTests {
  private func found(_ model: String, in photograph: String) throws -> [(label: String, score: Double, box: [Double])] {
    let photographs = try #require(Programs.photographs)
    let models = photographs.appendingPathComponent("../../models").standardizedFileURL
    let recipe = Programs.packageRoot.appendingPathComponent("Calibration/recipes/\(model).yaml").path
    let program = try RunningProgram(
      "swiftlet",
      ["infer", models.appendingPathComponent("\(model).onnx").path, "--recipe", recipe, photographs.appendingPathComponent(photograph).path, "--json"])
    #expect(program.waitForEnd() == 0, "\(program.errorText)")
    let result = try #require(try JSONSerialization.jsonObject(with: Data(program.outputText.utf8)) as? [String: Any])
    return try #require(result["detections"] as? [[String: Any]]).map {
      ($0["label"] as? String ?? "", $0["score"] as? Double ?? 0, $0["box"] as? [Double] ?? [])
    }
  }

  @Test(
    .enabled(if: Programs.photographs != nil),
    arguments: [("parrot.jpg", "macaw"), ("sunflower.bmp", "daisy"), ("cat.bmp", "Egyptian cat")])
  func `MobileNetV2 in 8 bits names what is in the photograph among its first three`(photograph: String, label: String) throws {
    #expect(try found("mobilenet_v2_224_qdq", in: photograph).prefix(3).contains { $0.label == label })
  }

  @Test(.enabled(if: Programs.photographs != nil)) func `YOLOX-nano finds the kites and the people where they are`() throws {
    let detections = try found("yolox_nano_416", in: "kite_and_cold.jpg")
    // The big kite, placed by eye in the photograph's pixels.
    let kite = try #require(detections.first { $0.label == "kite" })
    #expect(kite.score > 0.7 && abs(kite.box[0] - 587) < 15 && abs(kite.box[1] - 78) < 15 && abs(kite.box[2] - 85) < 20, "\(kite)")
    #expect(detections.filter { $0.label == "person" && $0.score > 0.5 }.count >= 2)
    #expect(try found("yolox_nano_416", in: "cat.bmp").first?.label == "cat")
  }

  @Test(.enabled(if: Programs.photographs != nil)) func `the face detector finds faces, and none on a cat`() throws {
    let faces = try found("ultraface_rfb_320", in: "face.jpg")
    let clearest = try #require(faces.first)
    #expect(clearest.score > 0.95 && abs(clearest.box[0] - 132) < 10 && abs(clearest.box[1] - 81) < 10, "\(clearest)")
    #expect(try found("ultraface_rfb_320", in: "cat.bmp").isEmpty)
  }

  @Test(.enabled(if: Programs.photographs != nil)) func `the board detector finds what its package says it finds`() throws {
    let photographs = try #require(Programs.photographs)
    let boards = photographs.appendingPathComponent("../pcb/test").standardizedFileURL.path
    let package = Programs.packageRoot.appendingPathComponent("Examples/pcb-inspection/pcb.swiftlet").path
    let program = try RunningProgram("swiftlet", ["evaluate", package, boards, "--labels", "corners", "--json"])
    #expect(program.waitForEnd() == 0, "\(program.errorText)")
    let result = try #require(try JSONSerialization.jsonObject(with: Data(program.outputText.utf8)) as? [String: Any])
    let inspected = try RunningProgram("swiftlet", ["inspect", package, "--json"])
    #expect(inspected.waitForEnd() == 0)
    let facts = try #require(try JSONSerialization.jsonObject(with: Data(inspected.outputText.utf8)) as? [String: Any])
    let accuracy = try #require(facts["accuracy"] as? [String: Any])
    #expect(accuracy["images"] as? Int == 250 && result["images"] as? Int == 250)
    let (stated, found) = (try #require(accuracy["quantised"] as? Double), try #require(result["map50"] as? Double))
    #expect(stated > 0.93 && abs(stated - found) < 1e-6, "\(stated), \(found)")
  }
}
