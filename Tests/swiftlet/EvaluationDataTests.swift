import Foundation
import ModelManifest
import Testing

@testable import swiftlet

@Suite final class EvaluationDataTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-data-\(UUID().uuidString)").path

  init() throws {
    for name in ["boxes/images/a.jpg", "boxes/labels/a.txt", "classes/zebra/a.jpg"] {
      let url = URL(fileURLWithPath: "\(folder)/\(name)")
      try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
      try Data("no labels".utf8).write(to: url)
    }
  }

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  @Test(
    arguments: [
      (Manifest.Task.classification, "boxes", nil, "m is for classification, FOLDER/boxes is labelled for detection: classes are"),
      (.classification, "classes", .corners, "m is for classification, --labels corners is for detection: classes are"),
      (.detection, "classes", nil, "m is for detection, FOLDER/classes is labelled for classification: boxes lie in"),
      (.detection, "boxes", .names, "m is for detection, --labels names is for classification: boxes lie in"),
      (.raw, "boxes", nil, "m is for raw tensors"), (.transcription, "classes", nil, "m is for transcription"),
    ] as [(Manifest.Task, String, EvaluateCommand.LabelForm?, String)])
  func `a data set for another task is refused whatever its labels say`(
    task: Manifest.Task, data: String, form: EvaluateCommand.LabelForm?, message: String
  ) {
    let error = #expect(throws: CommandFailure.self) {
      try EvaluationData.load("\(self.folder)/\(data)", form: form, for: "m", task: task, labels: ["horse"])
    }
    #expect(error?.status == .wrongUse && error?.message.hasPrefix(message.replacingOccurrences(of: "FOLDER", with: folder)) == true, "\(error?.message ?? "")")
  }
}
