@testable import EdgeAgent
import ModelManifest
import TestPackages
import Testing

@Suite struct ModelTrialTests {
  private func package(_ bytes: [UInt8]) throws -> ModelPackage { try ModelPackage(bytes, origin: "test") }

  private func finding(_ new: [UInt8], as name: String = "fixed", replacing old: [UInt8]? = nil) throws -> String? {
    do {
      try ModelTrial(slowdownLimit: 2).test(try package(new), as: name, replacing: try old.map(package))
      return nil
    } catch let finding as ModelTrial.Finding { return finding.code }
  }

  @Test func `a package that keeps its promises passes`() throws {
    #expect(try finding(FixedPackage.bytes(golden: FixedPackage.golden)) == nil)
    #expect(try finding(FixedPackage.bytes(version: "2", golden: FixedPackage.golden), replacing: FixedPackage.bytes()) == nil)
    #expect(try finding(FixedPackage.bytes()) == nil)
  }

  @Test func `each broken promise has its code`() throws {
    var golden = FixedPackage.golden
    golden.outputs[1].samples[0] += 1
    #expect(try finding(FixedPackage.bytes(golden: golden)) == "wrong golden outputs")
    golden = FixedPackage.golden
    golden.outputs.removeLast()
    #expect(try finding(FixedPackage.bytes(golden: golden)) == "wrong golden outputs")
    for value in [Float.nan, .infinity] {
      #expect(try finding(FixedPackage.bytes(golden: FixedPackage.golden, firstScore: value)) == "wrong golden outputs")
    }
    // Without golden outputs, too; infinities may be meant there.
    #expect(try finding(FixedPackage.bytes(firstScore: .nan)) == "wrong golden outputs")
    #expect(try finding(FixedPackage.bytes(firstScore: -.infinity)) == nil)
    #expect(try finding(FixedPackage.bytes(), as: "another") == "wrong name")
    #expect(try finding(FixedPackage.bytes(name: "raw"), as: "raw", replacing: FixedPackage.rawBytes()) == "wrong task")
  }
}
