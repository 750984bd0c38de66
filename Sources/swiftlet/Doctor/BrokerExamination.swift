import EdgeAgent
import Glibc
import MQTTTransport
import Pipelines

extension Examination {
  /// The broker, step by step: its name, a connection, TLS and the login.
  static func broker(_ mqtt: MQTTSettings, clientIdentifier: String, limit: Duration = .seconds(12)) -> [Examination] {
    ([mqtt.broker] + mqtt.fallbacks).map { address in
      Examination(name: "broker", limit: limit * 2 + .seconds(2)) { look(at: address, mqtt, clientIdentifier, limit) }
    }
  }

  private static func look(at address: BrokerAddress, _ mqtt: MQTTSettings, _ clientIdentifier: String, _ limit: Duration) -> [DoctorFinding] {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let status = unsafe getaddrinfo(address.host, "\(address.port)", &hints, &found)
    guard status == 0, let first = unsafe found else {
      let reason = unsafe String(cString: gai_strerror(status))
      return [.fail("the name \(address.host) isn't known: \(reason)", "correct mqtt.url, or the name servers (/etc/resolv.conf), or plug the network in")]
    }
    defer { unsafe freeaddrinfo(first) }
    var findings: [DoctorFinding] = [.ok("\(address.host) is known")]
    var failures: [CInt] = []
    var next: UnsafeMutablePointer<addrinfo>? = unsafe first
    // As many as fit the time.
    while let entry = unsafe next, failures.count < 3 {
      let code = unsafe connect(to: entry.pointee, within: limit / 3)
      if code == 0 { return findings + [.ok("port \(address.port) accepts connections"), login(at: address, mqtt, clientIdentifier, limit)] }
      failures.append(code)
      unsafe next = entry.pointee.ai_next
    }
    let reason = failures.last.map { unsafe String(cString: strerror($0)) } ?? "it has no address"
    findings.append(
      .fail("\(address) accepts no connection: \(reason)", "see whether the broker runs and listens there, and whether a firewall lets this device through"))
    return findings
  }

  /// - Returns: 0, or an errno.
  private static func connect(to entry: addrinfo, within limit: Duration) -> CInt {
    let descriptor = unsafe socket(entry.ai_family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    if unsafe Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) == 0 { return 0 }
    guard errno == EINPROGRESS else { return errno }
    var waits = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    guard unsafe poll(&waits, 1, CInt(clamping: limit.wholeNanoseconds / 1_000_000)) > 0 else { return ETIMEDOUT }
    var (code, length) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
    return unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 ? code : errno
  }

  /// By the agent's own name and certificates, but as a client of its own: the agent's connection goes on.
  private static func login(at address: BrokerAddress, _ mqtt: MQTTSettings, _ clientIdentifier: String, _ limit: Duration) -> DoctorFinding {
    var settings = BrokerSettings(address: address, clientID: "\(clientIdentifier)-doctor-\(getpid())")
    settings.username = mqtt.username
    settings.password = mqtt.password?.text
    settings.tls = .init(authority: mqtt.authorityPath, certificate: mqtt.certificatePath, key: mqtt.keyPath)
    settings.connectTimeout = limit
    let outcomes = BoundedQueue<BrokerState>(capacity: 1, policy: .rejectNewest)
    let connection: BrokerConnection
    do throws(MQTTTransportError) {
      connection = try BrokerConnection(settings)
      connection.onStateChange { state in
        switch state {
        case .idle, .connecting, .stopped: break
        case .connected, .refused, .disconnected: outcomes.push(state)
        }
      }
      try connection.start()
    } catch { return .fail(error.message, "correct mqtt in the configuration") }
    let outcome = outcomes.pop(timeout: limit)
    connection.stop(draining: .zero)
    switch outcome {
    case .connected: return .ok("\(address) lets this device in\(address.usesTLS ? ", encrypted" : ", without encryption")")
    case .refused(_, let error, _): return .fail(error.message, "look at the broker's users, access list and log; asked as client ‘\(settings.clientID)’")
    case .disconnected(let error, _):
      let advice =
        error.code == .tls ? "look at mqtt.ca, mqtt.certificate and the clock: a certificate is valid for a time and a name" : "look at the broker's log"
      return .fail(error.message, advice)
    default: return .fail("\(address) accepts connections and says nothing", "see whether it is an MQTT broker, and whether mqtt:// or mqtts:// is right")
    }
  }
}
