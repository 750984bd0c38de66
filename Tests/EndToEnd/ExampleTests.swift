import Foundation
import Testing

@Suite struct ExampleTests {
  static let files: [String] = {
    let folder = Programs.packageRoot.appendingPathComponent("Examples").path
    let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
    return names.filter { $0.hasSuffix(".yaml") }.sorted().map { "\(folder)/\($0)" }
  }()

  @Test func `there are examples`() { #expect(Self.files.count >= 4) }

  @Test(arguments: ExampleTests.files)
  func `an example is a good configuration without warnings`(path: String) throws {
    let check = try RunningProgram("swiftlet", ["config", "check", path])
    #expect(check.waitForEnd() == 0, "\(check.outputText)")
    #expect(!check.outputText.contains("(warning)"), "\(check.outputText)")
  }

  @Test func `the folder example runs to its end`() throws {
    let path = Programs.packageRoot.appendingPathComponent("Examples/folder.yaml").path
    let run = try RunningProgram("swiftlet", ["run", "--config", path])
    #expect(run.waitForEnd() == 0, "\(run.errorText)")
  }
}
