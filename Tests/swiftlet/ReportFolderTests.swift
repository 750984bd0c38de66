import Foundation
import Testing

@testable import swiftlet

@Suite final class ReportFolderTests {
  private let folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-report-\(UUID().uuidString)").path

  deinit { try? FileManager.default.removeItem(atPath: folder) }

  private func fill(_ names: [String]) throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    for name in names { try Data().write(to: URL(fileURLWithPath: "\(folder)/\(name)")) }
  }

  @Test(arguments: [[], ["index.html", "report.json"], ["index.html", "report.json", "worst-1-before.jpg", "worst-12-8-bit.jpg"], ["worst-1-before.jpg"]])
  func `an earlier report may be replaced`(names: [String]) throws {
    try fill(names)
    try ReportFolder.check(folder)
    try ReportFolder.check(folder + "/not/there/yet")
  }

  @Test(arguments: [
    ["index.html"], ["index.html", "report.json", "notes.txt"], ["report.json", ".hidden"], ["worst-a-before.jpg"], ["worst-1.jpg"], ["worst-1-before.png"],
  ])
  func `a folder with anything else is refused, and the file named`(names: [String]) throws {
    try fill(names)
    let error = #expect(throws: CommandFailure.self) { try ReportFolder.check(self.folder) }
    #expect(error?.status == .wrongUse && names.contains { error?.message.contains($0) == true }, "\(error?.message ?? "")")
  }

  @Test func `a folder by a picture's name is no picture`() throws {
    try fill(["report.json"])
    try FileManager.default.createDirectory(atPath: "\(folder)/worst-1-before.jpg", withIntermediateDirectories: false)
    #expect(throws: CommandFailure.self) { try ReportFolder.check(self.folder) }
  }

  @Test func `pictures of an earlier report go, and nothing else`() throws {
    try fill(["index.html", "report.json", "worst-1-before.jpg", "worst-2-before.jpg", "worst-2-float.jpg", "mine.jpg"])
    try ReportFolder.removePictures(in: folder, except: ["worst-1-before.jpg"])
    #expect(try OutputFolder.names(in: folder) == ["index.html", "mine.jpg", "report.json", "worst-1-before.jpg"])
  }
}
