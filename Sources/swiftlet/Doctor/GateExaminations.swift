import EdgeAgent
import Glibc
import JSONReading

extension Examination {
  /// The serial lines of gates. They are looked at and not opened, for opening one resets many a controller; what a running agent says of them goes
  /// before.
  static func gates(_ configuration: AgentConfiguration?) -> Examination? {
    guard let configuration, !configuration.gates.isEmpty else { return nil }
    return Examination(name: "gates", limit: .seconds(20)) {
      let status = (try? configuration.storage.askRunningAgent()).flatMap { try? JSONParser.parse($0) }
      return configuration.gates.map { gate($0, status) }
    }
  }

  /// - Parameter status: of the agent that runs; nil where none does.
  static func gate(_ gate: NamedGate, _ status: JSONValue?) -> DoctorFinding {
    let (name, device) = ("gate \(gate.name)", gate.settings.device)
    if let known = status?["gates"].items.first(where: { $0["name"] == .string(gate.name) }) {
      guard known["state"] == .string("armed") else {
        return .fail(
          "\(name) isn't armed, as the running agent says: \((known["reason"] ?? known["state"]).word)",
          "look at its controller, its cable and \"baud\" (ls -l /dev/serial/by-id)")
      }
      return .ok("\(name) is armed, as the running agent says")
    }
    var facts = stat()
    guard unsafe stat(device, &facts) == 0 else {
      return .fail(
        "\(name): \(device): \(unsafe String(cString: strerror(errno)))",
        "plug its controller in, or correct gates.\(gate.name).device (ls -l /dev/serial/by-id)")
    }
    guard facts.st_mode & S_IFMT == S_IFCHR else {
      return .fail("\(name): \(device) is no serial device", "correct gates.\(gate.name).device (ls -l /dev/serial/by-id)")
    }
    guard unsafe access(device, R_OK | W_OK) == 0 else {
      return .fail("\(name): \(device): \(unsafe String(cString: strerror(errno)))", rightsAdvice(device))
    }
    return .ok("\(name): \(device) is there, and this user may use it; whether a controller answers shows once the agent runs")
  }
}
