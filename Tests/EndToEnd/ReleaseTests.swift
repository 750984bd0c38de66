import Foundation
import MQTTTransport
import TestBroker
import Testing

@Suite(.enabled(if: RealBroker.isAvailable, "no mosquitto is installed"), .timeLimit(.minutes(3))) final class ReleaseTests {
  private let folder: URL
  private let package = Programs.packageRoot.appendingPathComponent("Sources/CDemoModel/surface-defects.swiftlet").path

  init() throws {
    folder = FileManager.default.temporaryDirectory.appendingPathComponent("swiftlet-release-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(at: folder) }

  private func path(_ name: String) -> String { folder.appendingPathComponent(name).path }

  @discardableResult
  private func release(_ arguments: String..., status: Int32 = 0) throws -> (output: String, errors: [String]) {
    let program = try RunningProgram("swiftlet", ["release"] + arguments, environment: ["SWIFTLET_PASSPHRASE": "secret"])
    let ended = program.waitForEnd()
    #expect(ended == status, "\(arguments): \(program.errorText)")
    if status != 0 { #expect(program.errorLines.count == 1, "\(program.errorText)") }
    return (program.outputText, program.errorLines)
  }

  @Test func `the walk-through of the documentation runs as it stands there`() throws {
    let text = try String(contentsOf: Programs.packageRoot.appendingPathComponent("docs/updates.md"), encoding: .utf8)
    let block = try #require(text.split(separator: "```sh\n").dropFirst().first?.split(separator: "```").first)
    let broker = try RealBroker()
    #expect(block.contains("--broker mqtts://broker.plant.example --ca ca.pem"))
    let script = block.split(separator: "--broker mqtts://broker.plant.example --ca ca.pem").joined(separator: "--broker \(broker.url)")
    try FileManager.default.copyItem(atPath: package, toPath: path("surface-defects.swiftlet"))
    let shell = Process()
    shell.executableURL = URL(fileURLWithPath: "/bin/bash")
    shell.arguments = ["-euc", script]
    shell.currentDirectoryURL = folder
    shell.environment = ["PATH": "\(Programs.folder.path):/usr/bin:/bin"]
    let output = Pipe()
    (shell.standardOutput, shell.standardError) = (output, output)
    try shell.run()
    let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    shell.waitUntilExit()
    #expect(shell.terminationStatus == 0, "\(said)")
    #expect(said.contains("line-a 100%, line-b 100%") && said.contains("2.root.json"), "\(said)")
  }

  @Test func `the keeper halts a package that devices refuse, and watch shows both`() throws {
    let broker = try RealBroker()
    let fleet = path("fleet")
    try release("init", fleet)
    try release("add", fleet, package, "--version", "2", "--channel", "line-a")
    try release("publish", fleet, "--broker", broker.url)
    try FileManager.default.createDirectory(atPath: path("keeper"), withIntermediateDirectories: true)
    try FileManager.default.copyItem(atPath: "\(fleet)/metadata/1.root.json", toPath: path("keeper/root.json"))
    let keys = ["--timestamp-key", "\(fleet)/keys/timestamp-1.pem", "--halt-key", "\(fleet)/keys/halt-1.pem"]
    let keeper = try RunningProgram(
      "swiftlet", ["release", "keeper", "--metadata", path("keeper"), "--broker", broker.url, "--halt-above", "10%", "--least", "1", "--json"] + keys,
      environment: ["SWIFTLET_PASSPHRASE": "secret"])
    let device = try BrokerConnection(BrokerSettings(address: BrokerAddress(parsing: broker.url), clientID: "device"))
    let states = Recorder<BrokerState>()
    let timestamps = Recorder<[UInt8]>()
    device.onStateChange { states.append($0) }
    try device.subscribe(to: "swiftlet/v1/releases/metadata/timestamp") { timestamps.append($0.payload) }
    try device.start()
    defer { device.stop() }
    #expect(states.wait { $0.contains(where: \.isConnected) } && timestamps.wait { !$0.isEmpty })
    let last = #"{"version": "2", "release": 1, "outcome": "refused", "code": "golden inputs", "reason": "output 0 is off by 0.2", "at": ""}"#
    let report =
      #"{"channel": "line-a", "metadata": {"outcome": "current"}, "models": {"surface-defects": {"active": null, "candidate": null, "last": \#(last)}}}"#
    try device.publish(OutgoingMessage(topic: "swiftlet/v1/plant-a/top/models", payload: Array(report.utf8), isRetained: true))
    #expect(timestamps.wait { $0.count == 2 }, "\(keeper.outputText) \(keeper.errorText)")
    keeper.signal(SIGTERM)
    #expect(keeper.waitForEnd() == 0, "\(keeper.errorText)")
    #expect(keeper.outputText.contains(#""event": "halted", "timestamp": 3, "name": "surface-defects", "version": "2", "channel": "line-a""#))
    #expect(keeper.outputText.contains("1 of 1 devices failed: 1 × refused (golden inputs)"))
    let shown = try release("watch", "--broker", broker.url, "--folder", fleet, "--once")
    #expect(shown.output.contains("plant-a/top") && shown.output.contains("refused 2: golden inputs: output 0 is off by 0.2"), "\(shown.output)")
    let lines = try release("watch", "--broker", broker.url, "--once", "--json").output.split(separator: "\n")
    let row = try #require(try JSONSerialization.jsonObject(with: Data(lines[0].utf8)) as? [String: Any])
    #expect(lines.count == 1 && row["state"] as? String == "refused" && row["device"] as? String == "plant-a/top")
    #expect(try release("publish", fleet, "--broker", broker.url).output.contains("signed anew"))
    #expect(try release("status", fleet).output.contains("halted on line-a"))
  }

  @Test(arguments: [
    ["stage", "FLEET", "a", "1", "--channel", "x", "--share", "5"], ["add", "FLEET", "/nowhere.swiftlet"], ["withdraw", "FLEET", "a", "1"],
    ["sign", "FLEET", "targets", "--key", "/nowhere.pem"], ["status", "/nowhere"], ["publish", "FLEET", "--broker", "mqtt://127.0.0.1:1"],
    ["export", "FLEET", "FLEET"], ["init", "FLEET"], ["watch", "--broker", "http://x", "--once"],
  ])
  func `what fails says so in one line, with status 1`(arguments: [String]) throws {
    try release("init", path("FLEET"))
    let program = try RunningProgram(
      "swiftlet", ["release"] + arguments.map { $0 == "FLEET" ? path($0) : $0 }, environment: ["SWIFTLET_PASSPHRASE": "secret"])
    #expect(program.waitForEnd() == 1, "\(program.errorText)")
    #expect(program.errorLines.count == 1 && program.errorText.hasPrefix("swiftlet: "), "\(program.errorText)")
  }

  @Test(arguments: [
    ["sing"], ["stage", "F"], ["add", "F", "p", "--share", "5%"], ["sign", "F", "halt", "--key", "k"], ["rotate-key", "F", "mirrors"], ["publish", "F"],
    ["watch", "--broker", "mqtt://x", "--halt-above", "5%"], ["keeper", "--broker", "mqtt://x"], ["halt", "F", "a", "1", "--lift", "--channel", "x"],
  ])
  func `wrong use has status 2`(arguments: [String]) throws {
    let program = try RunningProgram("swiftlet", ["release"] + arguments)
    #expect(program.waitForEnd() == 2 && program.errorLines.count == 1, "\(program.errorText)")
  }

  @Test(arguments: [
    "init", "add", "stage", "promote", "withdraw", "halt", "sign", "rotate-key", "renew", "status", "publish", "export", "keeper", "watch",
  ])
  func `every command's help has an example`(command: String) throws {
    let program = try RunningProgram("swiftlet", ["release", command, "--help"])
    #expect(program.waitForEnd() == 0)
    #expect(program.outputText.contains("Example") && program.outputText.contains("swiftlet release \(command) "), "\(program.outputText)")
  }
}
