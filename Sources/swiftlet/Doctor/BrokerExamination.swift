import EdgeAgent
import Glibc
import MQTTTransport
import Pipelines

extension Examination {
  /// The broker, step by step, each within a limit of its own: its name, a connection, TLS and the login.
  static func broker(_ mqtt: MQTTSettings, clientIdentifier: String, limit: Duration = .seconds(12)) -> [Examination] {
    ([mqtt.broker] + mqtt.fallbacks).map { address in
      // The steps' own limits end first.
      Examination(name: "broker", limit: limit * 3 + .seconds(5)) { look(at: address, mqtt, clientIdentifier, limit) }
    }
  }

  private static func look(at address: BrokerAddress, _ mqtt: MQTTSettings, _ clientIdentifier: String, _ limit: Duration) -> [DoctorFinding] {
    let places: [NetworkPlace]
    switch result(of: { NetworkPlace.all(of: address.host, port: address.port) }, within: limit) {
    case .success(.success(let found)): places = found
    case .success(.failure(let unknown)):
      return [
        .fail("the name \(address.host) isn't known: \(unknown.reason)", "correct mqtt.url, or the name servers (/etc/resolv.conf), or plug the network in")
      ]
    case .failure(let missing): return [missing.finding(late: lookUpRanOut(address.host, limit))]
    }
    var findings: [DoctorFinding] = [.ok("\(address.host) is known")]
    var failures: [NoConnection] = []
    // As many as fit the time.
    for place in places.prefix(3) {
      guard let failure = connect(to: place, within: limit / 3) else {
        return findings + [.ok("port \(address.port) accepts connections"), login(at: address, mqtt, clientIdentifier, limit)]
      }
      failures.append(failure)
    }
    findings.append(noConnection(address, failures, limit))
    return findings
  }

  static func lookUpRanOut(_ host: String, _ limit: Duration) -> DoctorFinding {
    .fail(
      "looking up the name \(host) took more than \(limit.components.seconds) s",
      "see whether the name servers (/etc/resolv.conf) answer, or write the broker's address in mqtt.url")
  }

  /// Why one of a broker's addresses accepts no connection.
  enum NoConnection: Equatable {
    /// The doctor's own time ran out.
    case tookTooLong
    /// An errno: the kernel gave up, or refused.
    case failed(CInt)
  }

  /// Names what was met at each address that was tried.
  static func noConnection(_ address: BrokerAddress, _ failures: [NoConnection], _ limit: Duration) -> DoctorFinding {
    let advice = "see whether the broker runs and listens there, and whether a firewall lets this device through"
    let late = "connecting took more than \((limit / 3).inWords)"
    let reasons = failures.map { failure in
      switch failure {
      case .tookTooLong: late
      case .failed(let code): unsafe String(cString: strerror(code))
      }
    }
    guard let first = reasons.first else { return .fail("\(address) accepts no connection: it has no address", advice) }
    if reasons.allSatisfy({ $0 == late }) { return .fail("connecting to \(address) took more than \((limit / 3).inWords)", advice) }
    let isOne = reasons.allSatisfy { $0 == first }
    let all =
      isOne ? first : reasons.enumerated().map { "at its \(["first", "second", "third"][min($0.offset, 2)]) address: \($0.element)" }.joined(separator: "; ")
    return .fail("\(address) accepts no connection: \(all)", advice)
  }

  /// - Returns: nil where there is a connection.
  private static func connect(to place: NetworkPlace, within limit: Duration) -> NoConnection? {
    let descriptor = socket(place.family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_NONBLOCK.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return .failed(errno) }
    defer { close(descriptor) }
    if place.connect(descriptor) == 0 { return nil }
    guard errno == EINPROGRESS else { return .failed(errno) }
    let deadline = MonotonicClock.now().advanced(by: limit)
    var waits = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
    while true {
      let left = MonotonicClock.now().duration(to: deadline)
      let ready = unsafe poll(&waits, 1, CInt(clamping: max(left, .zero).wholeNanoseconds / 1_000_000))
      if ready > 0 { break }
      if ready == 0 { return .tookTooLong }
      // A signal ends nothing.
      guard errno == EINTR else { return .failed(errno) }
    }
    var (code, length) = (CInt(0), socklen_t(MemoryLayout<CInt>.size))
    guard unsafe getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { return .failed(errno) }
    return code == 0 ? nil : .failed(code)
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
    case .refused(_, let error, _): return .fail(error.message, refusalAdvice(settings.clientID, agent: clientIdentifier))
    case .disconnected(let error, _):
      let advice =
        error.code == .tls ? "look at mqtt.ca, mqtt.certificate and the clock: a certificate is valid for a time and a name" : "look at the broker's log"
      return .fail(error.message, advice)
    default:
      return .fail(
        "\(address) accepts connections, and the login took more than \(limit.inWords)",
        "see whether it is an MQTT broker, and whether mqtt:// or mqtts:// is right")
    }
  }
  /// The doctor never takes the agent's place at the broker; so a broker may know the one and not the other.
  static func refusalAdvice(_ own: String, agent: String) -> String {
    "look at the broker's users, access list and log; asked as client ‘\(own)’: a broker that lets only known clients in may refuse that one and take the agent's, ‘\(agent)’"
      + " (swiftlet status says whether it is connected)"
  }
}

/// Why a name has no address.
struct UnknownName: Error { let reason: String }

/// A socket's address.
struct NetworkPlace: Sendable {
  let family: CInt
  private let bytes: [UInt8]

  /// Waits for the name servers.
  static func all(of host: String, port: UInt16) -> Result<[NetworkPlace], UnknownName> {
    var hints = unsafe addrinfo()
    unsafe hints.ai_socktype = CInt(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let status = unsafe getaddrinfo(host, "\(port)", &hints, &found)
    guard status == 0, let first = unsafe found else { return .failure(UnknownName(reason: unsafe String(cString: gai_strerror(status)))) }
    defer { unsafe freeaddrinfo(first) }
    var places: [NetworkPlace] = []
    var next: UnsafeMutablePointer<addrinfo>? = unsafe first
    while let entry = unsafe next {
      let address = unsafe UnsafeRawBufferPointer(start: entry.pointee.ai_addr, count: Int(entry.pointee.ai_addrlen))
      unsafe places.append(NetworkPlace(family: entry.pointee.ai_family, bytes: [UInt8](address)))
      unsafe next = entry.pointee.ai_next
    }
    return .success(places)
  }

  /// Why nobody could listen here now, as an errno; 0 where one could.
  var bindingError: CInt {
    let descriptor = socket(family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return errno }
    defer { close(descriptor) }
    // Connections that have just ended are nobody's.
    var isOn: CInt = 1
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &isOn, socklen_t(MemoryLayout<CInt>.size))
    let status = unsafe bytes.withUnsafeBytes { bytes in
      unsafe bind(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
    // Linux lets two bind an address with that option, and one listen.
    return status == 0 && listen(descriptor, 1) == 0 ? 0 : errno
  }

  /// - Returns: 0, or −1 with `errno`.
  func connect(_ descriptor: CInt) -> CInt {
    unsafe bytes.withUnsafeBytes { bytes in
      unsafe Glibc.connect(descriptor, bytes.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t(bytes.count))
    }
  }
}

extension Duration {
  /// Seconds, or milliseconds below one.
  fileprivate var inWords: String { self < .seconds(1) ? "\(wholeNanoseconds / 1_000_000) ms" : "\(components.seconds) s" }
}
