import Pipelines
import EdgeAgent
import Foundation
import GateClient
import GateProtocol
import JSONReading
import LocalPage
import MQTTTransport
import Testing

@testable import swiftlet

@Suite struct DoctorTests {
  private let folder = NSTemporaryDirectory() + "swiftlet-doctor-" + UUID().uuidString

  private func levels(_ findings: [DoctorFinding]) -> [DoctorFinding.Level] { findings.map(\.level) }

  @Test func `what hangs fails at its limit`() {
    let never = DispatchSemaphore(value: 0)
    let examination = Examination(name: "slow", limit: .milliseconds(50)) {
      never.wait()
      return []
    }
    let findings = examination.findings()
    never.signal()
    #expect(levels(findings) == [.fail])
    #expect(findings[0].advice != nil)
  }

  @Test func `the disk is looked at, and nothing stays there`() throws {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    defer { try? FileManager.default.removeItem(atPath: folder) }
    let good = Examination.disk(StorageSettings(path: folder, outboxByteCount: 1_000_000)).findings()
    #expect(good.count == 2 && !levels(good).contains(.fail))
    #expect(try FileManager.default.contentsOfDirectory(atPath: folder).isEmpty)
    // A folder that isn't there yet: the agent makes it.
    #expect(!levels(Examination.disk(StorageSettings(path: folder + "/a/b", outboxByteCount: 1_000_000)).findings()).contains(.fail))
    #expect(!levels(Examination.disk(StorageSettings(path: "swiftlet-none/a", outboxByteCount: 1_000_000)).findings()).contains(.fail))
    #expect(levels(Examination.disk(StorageSettings(path: folder, outboxByteCount: 1 << 60)).findings()).first == .warn)
    #expect(levels(Examination.disk(StorageSettings(path: "/proc/none")).findings()).allSatisfy { $0 == .fail })
  }

  @Test func `a disk of any size has a size`() {
    #expect(Examination.byteCount(blocks: .max, of: .max) == .max && Examination.byteCount(blocks: .max, of: 1) == .max)
    #expect(Examination.byteCount(blocks: 3, of: 4096) == 12_288)
  }

  @Test func `a group that the system lacks is named`() {
    let findings = Examination.membership(of: ["swiftlet-no-such-group"])
    #expect(levels(findings) == [.warn] && findings[0].text == "this system has no group swiftlet-no-such-group")
  }

  @Test func `a driver is there or not`() {
    #expect(Examination.cuda(library: "libnone.so.9").findings()[0].text.contains("no driver"))
    #expect(Examination.cuda(library: "libc.so.6").findings()[0].text.hasPrefix("libc.so.6 is there"))
  }

  @Test func `what runs a pipeline's model is said, and warned of where it isn't what was asked for`() {
    var choice = BackendChoice()
    (choice.wanted, choice.engine, choice.reason) = (.auto, .cuda, "measured 2.0 ms a run on the device, 9.5 ms on the processor")
    let onDevice = Examination.backend(choice, of: "top")
    #expect(onDevice.level == .ok && onDevice.text.hasPrefix("pipeline top (backend auto) would run on the CUDA device: \(choice.reason); tried with"))
    (choice.wanted, choice.engine, choice.reason) = (.cuda, .cpu, "no kernel for lstm")
    let onProcessor = Examination.backend(choice, of: "top")
    #expect(onProcessor.level == .warn && onProcessor.text.contains("would run on the processor: no kernel for lstm"))
    choice.wanted = .auto
    #expect(Examination.backend(choice, of: "top").level == .ok, "a choice between the two is no fault")
  }

  @Test func `where an agent runs, what it says of its pipelines goes before what the doctor could try`() throws {
    let status = try JSONParser.parse(
      Array(
        #"""
        {"pipelines":[{"name":"a","backend":{"runs_on":"cuda","wanted":"auto","reason":"measured"}},
        {"name":"b","backend":{"runs_on":"cpu","wanted":"cuda","reason":"the device failed","trouble":"it hangs"}},{"name":"c"}]}
        """#.utf8))
    let running = Examination.backend(of: "a", in: status)
    #expect(running?.level == .ok && running?.text == "pipeline a runs on the CUDA device, as the running agent says: measured")
    let failed = Examination.backend(of: "b", in: status)
    #expect(failed?.level == .warn && failed?.text.hasSuffix("runs on the processor, as the running agent says: it hangs") == true)
    #expect(Examination.backend(of: "c", in: status) == nil && Examination.backend(of: "d", in: status) == nil)
  }

  @Test func `a camera that is configured and isn't there fails`() throws {
    var good = AgentConfiguration(
      device: DeviceSettings(identifier: "a", site: "b"), cameras: [NamedCamera(name: "top", source: .device("/dev/video4711"))], pipelines: [])
    #expect(levels(Examination.cameras(good, folder: folder).findings()) == [.fail])
    good.cameras = [NamedCamera(name: "top", source: .conveyor)]
    #expect(levels(Examination.cameras(good, folder: folder).findings()) == [.ok])
    #expect(levels(Examination.cameras(nil, folder: folder).findings()) == [.warn])
  }

  /// A pseudo-terminal: its path, and the end that keeps it open.
  private static func terminal() throws -> (path: String, master: CInt) {
    let master = unsafe open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
    var number: CInt = -1
    // TIOCGPTN, a macro that Swift doesn't see.
    let status = unsafe ioctl(master, 0x8004_5430, &number)
    try #require(master >= 0 && status == 0)
    return ("/dev/pts/\(number)", master)
  }

  @Test func `a gate's line is looked at and not opened, and what a running agent says goes before`() throws {
    func finding(_ device: String, _ status: JSONValue? = nil) -> DoctorFinding {
      Examination.gate(NamedGate(name: "reject", settings: GateSettings(device: device, configuration: GateConfiguration(travel: 1))), status)
    }
    let away = finding("/dev/swiftlet-none")
    #expect(
      away.level == .fail && away.text == "gate reject: /dev/swiftlet-none: No such file or directory" && away.advice?.contains("gates.reject.device") == true)
    #expect(finding("/etc/passwd").text == "gate reject: /etc/passwd is no serial device")
    #expect(finding("/dev/null").text == "gate reject: /dev/null is no serial device")
    let (device, master) = try Self.terminal()
    defer { close(master) }
    #expect(finding(device).level == .ok && finding(device).text.hasSuffix("whether a controller answers shows once the agent runs"))
    let status = try JSONParser.parse(Array(#"{"gates":[{"name":"reject","state":"away","reason":"its controller doesn't answer"}]}"#.utf8))
    let silent = finding(device, status)
    #expect(silent.level == .fail && silent.text == "gate reject isn't armed, as the running agent says: its controller doesn't answer")
    let armed = try JSONParser.parse(Array(#"{"gates":[{"name":"other","state":"away"},{"name":"reject","state":"armed"}]}"#.utf8))
    #expect(finding(device, armed).level == .ok && finding(device, armed).text.hasSuffix("says that it is armed"))
    // What runs may have another one.
    #expect(finding("/dev/swiftlet-none", armed).level == .fail)
    let none = AgentConfiguration(device: DeviceSettings(identifier: "a", site: "b"), cameras: [], pipelines: [])
    #expect(Examination.gates(none) == nil && Examination.gates(nil) == nil)
  }

  @Test(.enabled(if: PageServer.isAvailable)) func `a page's address is free, an agent's or somebody else's`() throws {
    func findings(_ port: UInt16) throws -> [DoctorFinding] {
      var configuration = AgentConfiguration(device: DeviceSettings(identifier: "a", site: "b"), cameras: [], pipelines: [])
      configuration.page = PageSettings(address: try PageAddress(parsing: "127.0.0.1:\(port)"))
      return try #require(Examination.page(configuration)).findings()
    }
    func served(_ text: String) throws -> PageServer {
      try PageServer(try PageAddress(parsing: "127.0.0.1:0"), [PageRoute("/status.json", contentType: "application/json") { Array(text.utf8) }])
    }
    let agents = try served(#"{"schema":"swiftlet/status/1"}"#)
    // No agent runs on this storage: it is another one's.
    let foreign = try findings(agents.port)
    #expect(levels(foreign) == [.fail] && foreign[0].text.hasPrefix("http://127.0.0.1:\(agents.port)/ is another agent's page"), "\(foreign)")
    agents.stop()
    #expect(try findings(agents.port) == [.ok("http://127.0.0.1:\(agents.port)/ is free for the agent")])
    let others = try served("{}")
    defer { others.stop() }
    let taken = try findings(others.port)
    #expect(levels(taken) == [.fail] && taken[0].text == "another program listens on 127.0.0.1:\(others.port)")
  }

  @Test func `a broker's name and port are looked at step by step`() throws {
    func findings(_ url: String) throws -> [DoctorFinding] {
      let mqtt = MQTTSettings(broker: try BrokerAddress(parsing: url))
      return Examination.broker(mqtt, clientIdentifier: "c", limit: .seconds(2)).flatMap { $0.findings() }
    }
    let unknown = try findings("mqtt://broker.invalid")
    #expect(levels(unknown) == [.fail] && unknown[0].text.contains("isn't known"))
    // Nobody listens on it.
    let closed = try findings("mqtt://127.0.0.1:1")
    #expect(levels(closed) == [.ok, .fail] && closed[1].text.contains("refused"))
  }

  @Test func `each step of a broker's examination says when its own time ran out`() throws {
    // It takes connections and says nothing.
    let silent = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    defer { close(silent) }
    var address = sockaddr_in()
    (address.sin_family, address.sin_addr.s_addr) = (sa_family_t(AF_INET), UInt32(0x7f00_0001).bigEndian)
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let bound = unsafe withUnsafeMutablePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe bind(silent, $0, length) == 0 && listen(silent, 4) == 0 && getsockname(silent, $0, &length) == 0
      }
    }
    try #require(bound)
    let mqtt = MQTTSettings(broker: try BrokerAddress(parsing: "mqtt://127.0.0.1:\(UInt16(bigEndian: address.sin_port))"))
    let findings = Examination.broker(mqtt, clientIdentifier: "c", limit: .milliseconds(900)).flatMap { $0.findings() }
    #expect(levels(findings) == [.ok, .ok, .fail])
    #expect(findings[2].text.contains("the login took more than 900 ms"), "\(findings)")
    #expect(Examination.lookUpRanOut("plant.example", .seconds(12)).text == "looking up the name plant.example took more than 12 s")
    // Each step's limit fits the whole's.
    #expect(Examination.broker(mqtt, clientIdentifier: "c")[0].limit > .seconds(36))
  }

  @Test func `what kept a broker from being reached is told apart`() throws {
    let address = try BrokerAddress(parsing: "mqtt://plant.example:1883")
    func text(_ failures: [Examination.NoConnection]) -> String { Examination.noConnection(address, failures, .seconds(12)).text }
    #expect(text([.tookTooLong]).hasSuffix("took more than 4 s"))
    // The kernel gave up by itself: that is no limit of the doctor's.
    #expect(text([.failed(ETIMEDOUT)]).hasSuffix("accepts no connection: Connection timed out"))
    #expect(text([.failed(ECONNREFUSED), .failed(ECONNREFUSED)]).hasSuffix("accepts no connection: Connection refused"))
    #expect(
      text([.failed(ECONNREFUSED), .tookTooLong]).hasSuffix("at its first address: Connection refused; at its second address: connecting took more than 4 s"))
    #expect(text([]).hasSuffix("it has no address"))
  }

  @Test func `where no thread could be started no time has run out`() {
    let late = DoctorFinding.fail("no answer within 10 s", "look")
    #expect(Examination.NoAnswer.tookTooLong.finding(late: late) == late)
    let none = Examination.NoAnswer.noThread("no thread").finding(late: late)
    #expect(none.level == .fail && none.text == "this couldn't be looked at: no thread")
    guard
      case .failure(.tookTooLong) = Examination.result(of: { BoundedQueue<Int>(capacity: 1, policy: .rejectNewest).pop(timeout: .seconds(60)) }, within: .zero)
    else { return #expect(Bool(false), "it took too long") }
  }

  @Test func `a refused doctor says that it isn't the agent`() {
    let advice = Examination.refusalAdvice("swiftlet-a-b-doctor-7", agent: "swiftlet-a-b")
    #expect(advice.contains("asked as client ‘swiftlet-a-b-doctor-7’") && advice.contains("take the agent's, ‘swiftlet-a-b’"))
  }

  @Test func `findings for people and for programs say the same`() {
    let findings = [(name: "a", finding: DoctorFinding.ok("good")), (name: "bc", finding: DoctorFinding.fail("bad", "mend it"))]
    #expect(findings.text(width: 3) == "ok    a    good\nfail  bc   bad\n           → mend it\n")
    #expect(
      findings.json.text
        == #"{"worst": "fail", "findings": [{"name": "a", "level": "ok", "text": "good", "advice": null}, "#
        + #"{"name": "bc", "level": "fail", "text": "bad", "advice": "mend it"}]}"#)
    #expect([(name: String, finding: DoctorFinding)]().worst == .ok)
  }
}
