import EdgeAgent
import Glibc
import JSONReading

extension Examination {
  /// The serial lines of gates. They are looked at and not opened, for opening one resets many a controller; what a running agent says of them goes
  /// before.
  static func gates(_ configuration: AgentConfiguration?) -> Examination? {
    guard let configuration, !configuration.gates.isEmpty else { return nil }
    return Examination(name: "gates", limit: .seconds(20)) {
      let status = runningAgent(on: configuration.storage)
      return configuration.gates.map { gate($0, status) }
    }
  }

  /// - Parameter status: of the agent that runs; nil where none does.
  static func gate(_ gate: NamedGate, _ status: JSONValue?) -> DoctorFinding {
    let (name, device) = ("gate \(gate.name)", gate.settings.device)
    let correct = "gates.\(gate.name).device (ls -l /dev/serial/by-id)"
    guard let real = unsafe realpath(device, nil) else {
      return .fail("\(name): \(device): \(unsafe String(cString: strerror(errno)))", "plug its controller in, or correct \(correct)")
    }
    let node = unsafe String(cString: real)
    unsafe free(real)
    var facts = stat()
    guard unsafe stat(node, &facts) == 0, facts.st_mode & S_IFMT == S_IFCHR, node.hasPrefix("/dev/tty") || node.hasPrefix("/dev/pts/") else {
      return .fail("\(name): \(device) is no serial device", "correct \(correct)")
    }
    let known = status?["gates"].items.first { $0["name"] == .string(gate.name) }
    if let known, known["state"] == .string("armed") { return .ok("\(name): \(device) is there, and the running agent says that it is armed") }
    if let known {
      return .fail(
        "\(name) isn't armed, as the running agent says: \((known["reason"] ?? known["state"]).word)",
        "look at its controller, its cable and \"baud\"; if the device changed, let the agent read its configuration again (systemctl reload swiftletd)")
    }
    guard unsafe access(node, R_OK | W_OK) == 0 else { return .fail("\(name): \(device): \(unsafe String(cString: strerror(errno)))", rightsAdvice(node)) }
    return .ok("\(name): \(device) is there, and this user may use it; whether a controller answers shows once the agent runs")
  }
}
