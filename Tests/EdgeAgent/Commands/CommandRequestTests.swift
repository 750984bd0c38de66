@testable import EdgeAgent
import Foundation
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
    let plain = Array(" {\"command\" : \"\(command.rawValue)\", \"schema\": 1}\n".utf8)
    let signed = Array("{\"schema\":1,\"signatures\":[{\"keyid\":\"00\",\"sig\":\"00\"}],\"signed\":{\"command\":\"\(command.rawValue)\"}}".utf8)
    let (right, wrong) = command.needsSignature ? (signed, plain) : (plain, signed)
    let request = try CommandRequest(right, obeying: [command])
    #expect(request.command == command && request.envelope == (command.needsSignature ? right : nil))
    let reason = command.needsSignature ? "must be signed by a fleet key" : "is obeyed without a signature alone"
    #expect(refusal(String(decoding: wrong, as: UTF8.self))?.reason.contains(reason) == true)
  }

  @Test(
    arguments: [
      ("", nil, "no JSON"), ("reload", nil, "no JSON"), ("[1]", nil, "a list"), ("{\"schema\":1}", nil, "\"command\""),
      ("{\"schema\":1,\"command\":null}", nil, "\"command\""), ("{\"command\":\"reload\"}", "reload", "\"schema\":1"),
      ("{\"schema\":2,\"command\":\"reload\"}", "reload", "\"schema\":1"), ("{\"schema\":\"1\",\"command\":\"reload\"}", "reload", "\"schema\":1"),
      ("{\"schema\":1,\"command\":\"reload\",\"reply\":\"elsewhere\"}", "reload", "\"reply\" is not known"),
      ("{\"schema\":1,\"command\":\"relaod\"}", "relaod", "did you mean \"reload\"?"), ("{\"schema\":1,\"command\":\"open\"}", "open", "known: reload, status"),
      ("{\"schema\":1,\"command\":\"roll_back\"}", "roll_back", "did you mean \"roll-back\"?"),
      ("{\"schema\":1,\"signed\":7}", nil, "\"command\""), ("{\"schema\":1,\"signed\":{}}", nil, "\"command\""),
      ("{\"schema\":1,\"signed\":{\"command\":\"pause\"},\"command\":\"status\"}", "pause", "\"command\" is not known"),
      ("{\"signed\":{\"command\":\"pause\"}}", "pause", "\"schema\":1"),
      ("{\"schema\":1,\"command\":[[[[[\"reload\"]]]]]}", nil, "too deep"), ("{\"schema\":1,\"command\":\"reload\"} x", nil, "follows the value"),
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

  @Test func `whoever sent a signed command knows its refusal by the counter`() {
    let text = "{\"schema\":1,\"signed\":{\"command\":\"pause\",\"counter\":12},\"signatures\":[]}"
    #expect(refusal(text, obeying: [.status])?.counter == 12)
    for foreign in ["-1", "0", "1e3", "99999999999999999999", "\"12\"", "null"] {
      #expect(refusal(text.replacingOccurrences(of: "12", with: foreign), obeying: [])?.counter == nil, "\(foreign)")
    }
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
