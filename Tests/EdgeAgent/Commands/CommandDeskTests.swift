import Capture
@testable import EdgeAgent
import Foundation
import JSONReading
import MQTTTransport
import Pipelines
import TestBroker
import Testing
import Updates

/// Answers as it is told, and can be made to wait.
private final class Obedient: CommandObeying, @unchecked Sendable {
  let calls = Recorder<String>()
  private let mutex = PthreadMutex()
  private var reloading: @Sendable ((AgentConfiguration) -> Void) -> ReloadOutcome = { _ in .applied }

  var status: AgentStatus? { nil }

  func onReload(_ body: @escaping @Sendable ((AgentConfiguration) -> Void) -> ReloadOutcome) { mutex.withLock { reloading = body } }

  func reload(willApply: (AgentConfiguration) -> Void) -> ReloadOutcome {
    calls.append("reload")
    return mutex.withLock { reloading }(willApply)
  }

  /// Isn't ready the first time, and begins anew before it is done.
  func admit(_ envelope: [UInt8]) -> Result<SignedCommand, OrderRefusal>? {
    calls.append(String(decoding: envelope, as: UTF8.self))
    return calls.all.count < 2 ? nil : .success(SignedCommand(name: "pause", device: "s/d", counter: 7, expires: DateTime(seconds: 0)))
  }

  func carryOut(_ command: SignedCommand) -> OrderOutcome? {
    calls.append("\(command.counter)")
    return calls.all.count { $0 == "7" } < 2 ? nil : OrderOutcome(outcome: .done)
  }
}

/// A desk at a real broker, and somebody who gives commands and hears the replies.
private final class Trial: Sendable {
  let broker: RealBroker
  let agent = Obedient()
  let lines = Recorder<String>()
  let desk: CommandDesk
  let replies = Recorder<IncomingMessage>()
  private let commander: BrokerConnection

  init(patience: Duration = .seconds(60)) throws {
    broker = try RealBroker()
    desk = CommandDesk(log: AgentLog(name: "test", showsPriority: false) { [lines] in lines.append($0) }, patience: patience)
    desk.agent = agent
    commander = try BrokerConnection(BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "commander"))
    let granted = Recorder<SubscriptionOutcome>()
    try commander.subscribe(to: "swiftlet/v1/#", completion: { granted.append($0) }) { [replies] in
      if $0.topic.hasSuffix("/reply") { replies.append($0) }
    }
    try commander.start()
    try #require(granted.wait { $0 == [.granted] })
  }

  deinit {
    desk.close()
    commander.stop()
  }

  func configuration(site: String = "s", commands: [RemoteCommand] = RemoteCommand.allCases) throws -> AgentConfiguration {
    var configuration = AgentConfiguration(device: DeviceSettings(identifier: "d", site: site), cameras: [], pipelines: [])
    configuration.mqtt = MQTTSettings(broker: try BrokerAddress(parsing: broker.url))
    configuration.mqtt?.commands = commands
    return configuration
  }

  /// An agent's connection, subscribed.
  func connect(_ configuration: AgentConfiguration) throws -> BrokerConnection {
    var settings = BrokerSettings(address: try BrokerAddress(parsing: broker.url), clientID: "device")
    settings.sessionExpiry = .seconds(600)
    let connection = try BrokerConnection(settings)
    try desk.attach(connection, configuration)
    let granted = Recorder<SubscriptionOutcome>()
    // The broker answers in order.
    try connection.subscribe(to: "marker", completion: { granted.append($0) }) { _ in }
    try connection.start()
    try #require(granted.wait { !$0.isEmpty })
    return connection
  }

  func command(_ payload: String, correlation: UInt8, site: String = "s", isRetained: Bool = false, responseTopic: String? = nil) throws {
    let sent = Recorder<DeliveryOutcome>()
    let message = OutgoingMessage(
      topic: "swiftlet/v1/\(site)/d/command", payload: Array(payload.utf8), isRetained: isRetained, responseTopic: responseTopic, correlationData: [correlation]
    )
    try commander.publish(message) { sent.append($0) }
    try #require(sent.wait { $0 == [.acknowledged] })
  }

  /// Correlation data, outcome and reason of each reply.
  var answers: [[String]] {
    replies.all.map { reply in
      guard case .object(let members)? = try? JSONParser.parse(reply.payload), case .string(let outcome)? = members["outcome"] else { return ["unreadable"] }
      guard case .string(let reason)? = members["reason"] else { return ["\(reply.correlationData ?? [])", outcome] }
      return ["\(reply.correlationData ?? [])", outcome, reason]
    }
  }
}

private let reload = "{\"schema\":1,\"command\":\"reload\"}", status = "{\"schema\":1,\"command\":\"status\"}"

@Suite(.enabled(if: RealBroker.isAvailable)) struct CommandDeskTests {
  @Test func `a reply goes to the reply topic with the correlation data, not where the request wants it`() throws {
    let trial = try Trial()
    let connection = try trial.connect(try trial.configuration())
    defer { connection.stop() }
    try trial.command(reload, correlation: 7, responseTopic: "swiftlet/v1/elsewhere/reply")
    #expect(trial.replies.wait { $0.count == 1 })
    #expect(trial.answers == [["[7]", "done"]])
    #expect(trial.replies.all[0].topic == "swiftlet/v1/s/d/command/reply" && !trial.replies.all[0].isRetained)
  }

  @Test func `a second reload in a moment is refused`() throws {
    let trial = try Trial()
    let connection = try trial.connect(try trial.configuration())
    defer { connection.stop() }
    trial.agent.onReload { _ in .failed("no outbox") }
    try trial.command(reload, correlation: 1)
    try trial.command(reload, correlation: 2)
    #expect(trial.replies.wait { $0.count == 2 })
    #expect(trial.answers[0] == ["[1]", "failed", "no outbox"])
    #expect(trial.answers[1][1] == "refused" && trial.answers[1][2].contains("ask again in"))
    #expect(trial.agent.calls.all.count == 1 && trial.desk.counters.refused == 1)
  }

  @Test(arguments: [ReloadOutcome.refused("f.yaml:3: a mistake"), .unchanged])
  func `a reload that changed nothing is looked at again after ten times as long as it took`(outcome: ReloadOutcome) throws {
    let trial = try Trial()
    let connection = try trial.connect(try trial.configuration())
    defer { connection.stop() }
    trial.agent.onReload { _ in
      Thread.sleep(forTimeInterval: 0.2)
      return outcome
    }
    for number in UInt8(1)...2 { try trial.command(reload, correlation: number) }
    #expect(trial.replies.wait { $0.count == 2 })
    let first = outcome == .unchanged ? ["done", "nothing has changed; what runs goes on untouched"] : ["refused", "f.yaml:3: a mistake"]
    #expect(trial.answers[0].dropFirst() == first[...])
    #expect(trial.answers[1][1] == "refused" && trial.answers[1][2].contains("ask again in") && trial.agent.calls.all.count == 1)
    trial.agent.onReload { _ in .applied }
    var number = 2
    repeat {
      number += 1
      try trial.command(reload, correlation: UInt8(number))
      try #require(trial.replies.wait { $0.count == number })
    } while trial.answers[number - 1][1] == "refused" && number < 250
    #expect(trial.answers[number - 1][1] == "done" && trial.agent.calls.all.count == 2)
  }

  @Test func `a signed command waits for a configuration that is only starting, and is handed on as it came`() throws {
    let trial = try Trial()
    let connection = try trial.connect(try trial.configuration())
    defer { connection.stop() }
    let payload = "{\"schema\":1, \"signed\":{\"command\":\"pause\",\"counter\":7},\"signatures\":[]}"
    try trial.command(payload, correlation: 1)
    #expect(trial.replies.wait { $0.count == 1 })
    #expect(trial.agent.calls.all == [payload, payload, "7", "7"] && trial.answers == [["[1]", "done"]])
    #expect(String(decoding: trial.replies.all[0].payload, as: UTF8.self).contains("\"counter\":7"))
  }

  @Test func `what has waited too long is refused`() throws {
    let trial = try Trial(patience: .zero)
    let connection = try trial.connect(try trial.configuration())
    defer { connection.stop() }
    try trial.command(reload, correlation: 1)
    #expect(trial.replies.wait { $0.count == 1 })
    #expect(trial.answers[0][1] == "refused" && trial.answers[0][2].contains("it has waited 0 s") && trial.agent.calls.all.isEmpty)
    // A signed one has an expiry of its own.
    try trial.command("{\"schema\":1,\"signed\":{\"command\":\"pause\"},\"signatures\":[]}", correlation: 2)
    #expect(trial.replies.wait { $0.count == 2 } && trial.answers[1] == ["[2]", "done"])
  }

  @Test func `what waited through a reload is obeyed by the new configuration's list`() throws {
    let trial = try Trial()
    let configuration = try trial.configuration()
    let first = try trial.connect(configuration)
    let (begun, mayGoOn) = (Recorder<Bool>(), Recorder<Bool>())
    trial.agent.onReload { [desk = trial.desk] willApply in
      begun.append(true)
      mayGoOn.wait { !$0.isEmpty }
      desk.detach(first)
      first.stop()
      return .applied
    }
    try trial.command(reload, correlation: 1)
    #expect(begun.wait { !$0.isEmpty })
    try trial.command(status, correlation: 2)
    let fence = Recorder<SubscriptionOutcome>()
    try first.subscribe(to: "fence", completion: { fence.append($0) }) { _ in }
    #expect(fence.wait { !$0.isEmpty })
    mayGoOn.append(true)
    let second = try trial.connect(try trial.configuration(commands: [.reload]))
    defer { second.stop() }
    #expect(trial.replies.wait { $0.count == 2 })
    #expect(trial.answers.map { $0[1] } == ["done", "refused"] && trial.answers[1][2].contains("not among this device's mqtt.commands"))
  }

  @Test func `what comes while many wait is dropped and counted, the others are answered in order`() throws {
    let trial = try Trial()
    let connection = try trial.connect(try trial.configuration())
    defer { connection.stop() }
    let mayGoOn = Recorder<Bool>()
    trial.agent.onReload { _ in
      mayGoOn.wait { !$0.isEmpty }
      return .applied
    }
    try trial.command(reload, correlation: 0)
    #expect(trial.agent.calls.wait { $0.count == 1 })
    for number in 1...UInt8(CommandDesk.capacity + 3) { try trial.command(status, correlation: number) }
    #expect(trial.lines.wait { $0.contains { $0.contains("is dropped, as 8 wait already") } })
    // The broker's answer to this comes after what it sent before.
    let fence = Recorder<SubscriptionOutcome>()
    try connection.subscribe(to: "fence", completion: { fence.append($0) }) { _ in }
    #expect(fence.wait { !$0.isEmpty } && trial.desk.counters.dropped == 3)
    mayGoOn.append(true)
    #expect(trial.replies.wait { $0.count == 1 + CommandDesk.capacity })
    #expect(trial.answers.map(\.[0]) == (0...CommandDesk.capacity).map { "[\($0)]" })
  }

  @Test func `a retained command is never obeyed, neither when it is published nor later`() throws {
    let trial = try Trial()
    var connection = try trial.connect(try trial.configuration())
    try trial.command(reload, correlation: 1, isRetained: true)
    try trial.command(status, correlation: 2)
    #expect(trial.replies.wait { $0.count == 1 })
    connection.stop()
    connection = try trial.connect(try trial.configuration())
    defer { connection.stop() }
    try trial.command(status, correlation: 3)
    #expect(trial.replies.wait { $0.count == 2 })
    #expect(trial.answers.map(\.[0]) == ["[2]", "[3]"] && trial.agent.calls.all.isEmpty)
    #expect(trial.desk.counters.retained == 2 && trial.lines.all.contains { $0.contains("a retained command on swiftlet/v1/s/d/command is passed over") })
  }

  @Test func `refusals are one line a minute, whatever their words`() throws {
    let trial = try Trial()
    let connection = try trial.connect(try trial.configuration())
    defer { connection.stop() }
    for number in UInt8(0)..<5 {
      try trial.command("{\"schema\":1,\"command\":\"word\(number)\"}", correlation: number)
      #expect(trial.replies.wait { $0.count == Int(number) + 1 })
    }
    #expect(trial.lines.all.count { $0.contains("refused") } == 1 && trial.answers[4][2].contains("word4"), "\(trial.lines.all)")
  }

  @Test func `too much to be a command is refused unread`() throws {
    let trial = try Trial()
    let connection = try trial.connect(try trial.configuration())
    defer { connection.stop() }
    try trial.command(reload + String(repeating: " ", count: 5000), correlation: 1)
    #expect(trial.replies.wait { $0.count == 1 })
    #expect(trial.answers[0][1] == "refused" && trial.answers[0][2].contains("at most 4096 bytes") && trial.agent.calls.all.isEmpty)
  }

  @Test func `a reload is answered by the connection that comes after it`() throws {
    let trial = try Trial()
    let configuration = try trial.configuration()
    let first = try trial.connect(configuration)
    let ended = Recorder<Bool>()
    trial.agent.onReload { [desk = trial.desk] willApply in
      willApply(configuration)
      desk.detach(first)
      first.stop()
      ended.append(true)
      return .applied
    }
    try trial.command(reload, correlation: 9)
    #expect(ended.wait { !$0.isEmpty })
    #expect(trial.replies.all.isEmpty)
    let second = try trial.connect(configuration)
    defer { second.stop() }
    #expect(trial.replies.wait { $0.count == 1 })
    #expect(trial.answers == [["[9]", "done"]])
  }

  @Test func `a reload that leads elsewhere is answered before it takes effect, and what came behind it not there`() throws {
    let trial = try Trial()
    let first = try trial.connect(try trial.configuration())
    let changed = try trial.configuration(site: "t")
    let (seen, behind) = (Recorder<Int>(), Recorder<Bool>())
    trial.agent.onReload { [desk = trial.desk, replies = trial.replies] willApply in
      willApply(changed)
      replies.wait { $0.count == 1 }
      seen.append(replies.all.count)
      behind.wait { !$0.isEmpty }
      desk.detach(first)
      first.stop()
      return .applied
    }
    try trial.command(reload, correlation: 4)
    #expect(seen.wait { $0 == [1] })
    #expect(trial.answers[0].prefix(2) == ["[4]", "done"] && trial.answers[0][2].contains("names another broker or device"))
    try trial.command(status, correlation: 5)
    // The broker's answer to this comes after what it sent before.
    let fence = Recorder<SubscriptionOutcome>()
    try first.subscribe(to: "fence", completion: { fence.append($0) }) { _ in }
    #expect(fence.wait { !$0.isEmpty })
    behind.append(true)
    let second = try trial.connect(changed)
    defer { second.stop() }
    try trial.command(status, correlation: 6, site: "t")
    #expect(trial.replies.wait { $0.count == 2 })
    #expect(trial.answers.map(\.[0]) == ["[4]", "[6]"])
  }

  @Test func `a session from when there were commands is told that there are none`() throws {
    let trial = try Trial()
    let first = try trial.connect(try trial.configuration())
    first.stop()
    trial.desk.detach(first)
    let second = try trial.connect(try trial.configuration(commands: []))
    defer { second.stop() }
    try trial.command(reload, correlation: 1)
    let fence = Recorder<SubscriptionOutcome>()
    try second.subscribe(to: "fence", completion: { fence.append($0) }) { _ in }
    #expect(fence.wait { !$0.isEmpty })
    #expect(second.counters.received == 0 && trial.agent.calls.all.isEmpty)
  }
}
