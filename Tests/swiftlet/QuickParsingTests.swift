import Testing

@testable import swiftlet

@Suite struct QuickParsingTests {
  @Test func `a right command is what the whole tree makes of it`() throws {
    let bench = try #require(QuickParsing.command(["swiftlet", "bench", "model.swiftlet", "--threads", "3", "--json", "--shape", "x=1x2"]) as? BenchCommand)
    #expect(bench.model == "model.swiftlet" && bench.threads == 3 && bench.json && bench.seconds == 2 && bench.source.shape == ["x=1x2"])
    #expect(QuickParsing.command(["swiftlet", "config", "check", "agent.yaml"]) is ConfigCheckCommand)
  }

  @Test(arguments: [
    "demo --frames 3", "status --json --config agent.yaml", "doctor --config agent.yaml",
    "compile m.onnx -o m.swiftlet --weights int8 --shape x=1x2 --shape y=3",
    "inspect m.swiftlet --json", "infer m.swiftlet a.jpg b.jpg --threads 2", "transcribe m.swiftlet a.wav --json --look-ahead 1",
    "evaluate m.swiftlet data", "bench m.swiftlet --operators --instructions scalar", "config check agent.yaml", "run --config agent.yaml", "camera list",
  ])
  func `and all that was given arrives as the tree has it`(_ line: String) throws {
    let arguments = line.split(separator: " ").map(String.init)
    let quick = try #require(QuickParsing.command(["swiftlet"] + arguments))
    #expect(try String(describing: quick) == String(describing: Swiftlet.parseAsRoot(arguments)))
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
