import Testing

@testable import swiftlet

@Suite struct QuickParsingTests {
  @Test func `a right command is what the whole tree makes of it`() throws {
    let bench = try #require(QuickParsing.command(["swiftlet", "bench", "model.swiftlet", "--threads", "3", "--json", "--shape", "x=1x2"]) as? BenchCommand)
    #expect(bench.model == "model.swiftlet" && bench.threads == 3 && bench.json && bench.seconds == 2 && bench.source.shape == ["x=1x2"])
    #expect(QuickParsing.command(["swiftlet", "config", "check", "agent.yaml"]) is ConfigCheckCommand)
  }

  /// The whole tree tells what is wrong, helps, and prints versions and completions.
  @Test(arguments: [
    [], ["bench"], ["bench", "--threads", "0", "m"], ["bench", "m", "--thread", "1"], ["bench", "--help"], ["bench", "m", "--version"], ["bech", "m"],
    ["--version"], ["help", "bench"], ["release"], ["config", "help", "check"], ["config", "check", "--help"], ["--generate-completion-script", "bash"],
    ["bench", "--generate-completion-script", "bash"],
  ])
  func `anything else is left to the whole tree`(arguments: [String]) {
    #expect(QuickParsing.command(["swiftlet"] + arguments) == nil)
  }
}
