@testable import EdgeAgent
import JSONReading
import Testing

@Suite struct CommandRequestTests {
  private func refusal(_ payload: String, obeying: [RemoteCommand] = RemoteCommand.allCases) -> CommandRequest.Refusal? {
    do throws(CommandRequest.Refusal) {
      _ = try CommandRequest(Array(payload.utf8), obeying: obeying)
      return nil
    } catch { return error }
  }

  @Test(arguments: RemoteCommand.allCases) func `a command that is allowed is read`(command: RemoteCommand) throws {
    let payload = " {\"command\" : \"\(command.rawValue)\", \"schema\": 1}\n"
    #expect(try CommandRequest(Array(payload.utf8), obeying: [command]).command == command)
  }

  @Test(
    arguments: [
      ("", nil, "no JSON"), ("reload", nil, "no JSON"), ("[1]", nil, "a list"), ("{\"schema\":1}", nil, "\"command\""),
      ("{\"schema\":1,\"command\":null}", nil, "\"command\""), ("{\"command\":\"reload\"}", "reload", "\"schema\":1"),
      ("{\"schema\":2,\"command\":\"reload\"}", "reload", "\"schema\":1"), ("{\"schema\":\"1\",\"command\":\"reload\"}", "reload", "\"schema\":1"),
      ("{\"schema\":1,\"command\":\"reload\",\"reply\":\"elsewhere\"}", "reload", "\"reply\" is not known"),
      ("{\"schema\":1,\"command\":\"relaod\"}", "relaod", "did you mean \"reload\"?"), ("{\"schema\":1,\"command\":\"open\"}", "open", "known: reload, status"),
      ("{\"schema\":1,\"command\":\"pause\"}", "pause", "signed by a fleet key"),
      ("{\"schema\":1,\"command\":\"roll_back\"}", "roll_back", "signed by a fleet key"),
      ("{\"schema\":1,\"command\":[[[[\"reload\"]]]]}", nil, "too deep"), ("{\"schema\":1,\"command\":\"reload\"} x", nil, "follows the value"),
      ("{\"schema\":1,\"command\":\"status\",\"command\":\"reload\"}", nil, "stands twice"),
    ] as [(String, String?, String)])
  func `what is no command is refused with the reason`(payload: String, command: String?, words: String) {
    let refusal = refusal(payload)
    #expect(refusal?.command == command && refusal?.reason.contains(words) == true, "\(String(describing: refusal))")
  }

  @Test func `a refusal repeats no control characters`() {
    let refusal = refusal("{\"schema\":1,\"command\":\"\\u001b[2J\\n\"}")
    #expect(
      refusal?.command == "\u{FFFD}[2J\u{FFFD}" && refusal?.reason.hasPrefix("\"\u{FFFD}[2J\u{FFFD}\" is not known") == true, "\(String(describing: refusal))")
  }

  @Test func `what the configuration doesn't list is refused`() {
    let refusal = refusal("{\"schema\":1,\"command\":\"reload\"}", obeying: [.status])
    #expect(refusal?.reason.contains("not among this device's mqtt.commands") == true)
  }

  @Test func `a payload of 4096 bytes is read, a longer one isn't looked at`() {
    let command = "{\"schema\":1,\"command\":\"reload\"}"
    #expect(refusal(command + String(repeating: " ", count: 4096 - command.utf8.count)) == nil)
    let refusal = refusal(String(repeating: "[", count: 4097))
    #expect(refusal == CommandRequest.Refusal(reason: "a command has at most 4096 bytes; this one has 4097"))
  }

  @Test func `every truncation is refused`() {
    let command = "{\"schema\":1,\"command\":\"reload\"}"
    for length in 0..<command.utf8.count { #expect(refusal(String(command.prefix(length))) != nil) }
  }

  @Test func `a reply is JSON in one line, whatever the command was called`() throws {
    let reply = CommandReply(command: "a\"\n\u{1}", outcome: .refused, reason: "first\nsecond")
    let members: [String: JSONValue] = [
      "schema": .number("1"), "command": .string("a\"\n\u{1}"), "outcome": .string("refused"), "reason": .string("first second"),
    ]
    #expect(try JSONParser.parse(reply.encoded()) == .object(members))
    let bare = try JSONParser.parse(CommandReply(command: nil, outcome: .done, reason: nil).encoded())
    #expect(bare == .object(["schema": .number("1"), "command": .null, "outcome": .string("done"), "reason": .null]))
  }
}
