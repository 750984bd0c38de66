import Foundation
import TestBroker
import TestPages
import Testing

/// What somebody at the machine types.
@Suite struct LookingTests {
  private func json(_ text: String) throws -> [String: Any] {
    try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
  }

  @Test func `status asks the running agent, by its configuration or its folder, and says where there is none`() throws {
    let scene = try Scene()
    let path = try scene.write()
    let nobody = try RunningProgram("swiftlet", ["status", "--config", path])
    #expect(nobody.waitForEnd() == 1)
    #expect(nobody.errorText.contains("no agent runs on"), "\(nobody.errorText)")
    let daemon = try scene.daemon()
    #expect(daemon.waitForError("camera top: "), "\(daemon.errorText)")
    let status = try RunningProgram("swiftlet", ["status", "--config", path])
    #expect(status.waitForEnd() == 0, "\(status.errorText)")
    #expect(status.outputText.hasPrefix("device   line-3 at plant-a, version ") && status.outputText.contains("\nbroker   none: "), "\(status.outputText)")
    let machine = try RunningProgram("swiftlet", ["status", "--storage", scene.folder.path + "/state", "--json"])
    #expect(machine.waitForEnd() == 0)
    #expect(try json(machine.outputText)["device"] as? String == "line-3")
    // A mistake that somebody made meanwhile hides nothing of what runs.
    let text = try String(contentsOfFile: path, encoding: .utf8)
    try (text + "nonsense: 1\n").write(toFile: path, atomically: true, encoding: .utf8)
    let mistaken = try RunningProgram("swiftlet", ["status", "--config", path])
    #expect(mistaken.waitForEnd() == 0 && mistaken.outputText.hasPrefix("device   line-3 at plant-a"), "\(mistaken.outputText)")
    #expect(
      mistaken.errorText.contains("unknown key \"nonsense\"") && mistaken.errorText.contains("goes on with what it had read before"), "\(mistaken.errorText)")
    let doctor = try RunningProgram("swiftlet", ["doctor", "--config", path])
    #expect(doctor.waitForEnd() == 1)
    #expect(doctor.outputText.contains("unknown key \"nonsense\"") && doctor.outputText.contains("it runs; see swiftlet status"), "\(doctor.outputText)")
    daemon.signal(SIGTERM)
    #expect(daemon.waitForEnd() == 0, "\(daemon.errorText)")
  }

  @Test func `the doctor fails where a broker can't be had, and says what is well`() throws {
    let scene = try Scene()
    scene.mqtt = "{url: \"mqtt://127.0.0.1:\(try LoopbackPort.free())\"}"
    let doctor = try RunningProgram("swiftlet", ["doctor", "--config", try scene.write(), "--json"])
    #expect(doctor.waitForEnd() == 1, "\(doctor.errorText)")
    let report = try json(doctor.outputText)
    let findings = try #require(report["findings"] as? [[String: Any]])
    func levels(_ name: String) -> [String] { findings.filter { $0["name"] as? String == name }.compactMap { $0["level"] as? String } }
    #expect(report["worst"] as? String == "fail")
    #expect(levels("broker") == ["ok", "fail"] && levels("configuration") == ["ok"] && levels("agent") == ["warn"])
    #expect(levels("disk").count == 2 && !levels("disk").contains("fail"))
    #expect(findings.allSatisfy { ($0["level"] as? String == "ok") == ($0["advice"] is NSNull) }, "\(findings)")
  }

  @Test(.enabled(if: RealBroker.isAvailable)) func `the doctor shakes hands with a broker by the configuration's own certificates`() throws {
    let scene = try Scene()
    let (authority, stranger) = (try TestAuthority(), try TestAuthority())
    var options = RealBroker.Options()
    options.authority = authority
    options.user = ("line", "right")
    let broker = try RealBroker(options)
    func findings(ca: String, password: String) throws -> String {
      let keys = "certificate: \(authority.client.certificate), key: \(authority.client.key)"
      scene.mqtt = "{url: \"\(broker.url)\", ca: \(ca), \(keys), username: line, password: \(password)}"
      let doctor = try RunningProgram("swiftlet", ["doctor", "--config", try scene.write()])
      _ = doctor.waitForEnd()
      return doctor.outputText
    }
    let good = try findings(ca: authority.certificate, password: "right")
    #expect(good.contains("\(broker.url) lets this device in, encrypted"), "\(good)")
    let forged = try findings(ca: stranger.certificate, password: "right")
    #expect(forged.contains("accepts connections") && forged.contains("→ look at mqtt.ca"), "\(forged)")
    let locked = try findings(ca: authority.certificate, password: "wrong")
    #expect(locked.contains("→ look at the broker's users"), "\(locked)")
  }

  @Test func `a camera's figures come with its rate, and a signal ends watching in order`() throws {
    let show = try RunningProgram("swiftlet", ["camera", "show", "simulated:conveyor", "--seconds", "1.5", "--json"])
    #expect(show.waitForEnd() == 0, "\(show.errorText)")
    let report = try json(show.outputText)
    #expect(try #require((report["delivered"] as? [String: Any])?["frames"] as? Int) > 0)
    #expect(try #require((report["image"] as? [String: Any])?["focus"] as? Double) > 0)
    let port = try LoopbackPort.free()
    let page = try RunningProgram("swiftlet", ["camera", "show", "simulated:conveyor", "--page", "--listen", "127.0.0.1:\(port)"])
    #expect(page.waitForError("the picture is at http://localhost:\(port)/"), "\(page.errorText)")
    // Until the first frame was looked at; ending before is a failure to show anything.
    var focus: Double?
    for _ in 0..<600 where focus == nil {
      focus = try RawClient.get(port, "/figures.json").map { try json($0.text) }?["focus"] as? Double
      if focus == nil { usleep(50_000) }
    }
    #expect(focus != nil)
    page.signal(SIGINT)
    #expect(page.waitForEnd() == 0, "\(page.errorText)")
    #expect(page.outputText.contains("latency"), "\(page.outputText)")
    let open = try RunningProgram("swiftlet", ["camera", "show", "simulated:conveyor", "--page", "--listen", "0.0.0.0:\(port)"])
    #expect(open.waitForEnd() == 2)
    #expect(open.errorText.contains("for this machine only"), "\(open.errorText)")
  }
}
