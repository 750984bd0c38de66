import EdgeAgent
import Glibc
import LocalPage

extension Examination {
  /// Whether the page can be, or is, where the configuration wants it.
  static func page(_ configuration: AgentConfiguration?) -> Examination? {
    guard let configuration, let page = configuration.page else { return nil }
    return Examination(name: "page", limit: .seconds(20)) {
      guard PageServer.isAvailable else {
        return [.fail("a page is configured, but libmicrohttpd isn't there", "apt install libmicrohttpd12, or remove \"page\"")]
      }
      var findings = [occupant(of: page.address, agentRuns: runningAgent(on: configuration.storage) != nil)]
      if !page.address.isLoopback {
        findings.append(
          .warn(
            "\(page.address) can be reached from elsewhere, without a password",
            "listen on 127.0.0.1, and look at it through SSH: ssh -L 9464:localhost:\(page.address.port) DEVICE"))
      }
      return findings
    }
  }

  /// Who has the page's address: an agent, somebody else, or nobody yet.
  private static func occupant(of address: PageAddress, agentRuns: Bool) -> DoctorFinding {
    guard case .success(let places) = NetworkPlace.all(of: address.host, port: address.port), let place = places.first else {
      return .fail("\(address) is no address of this machine", "correct page.listen: 127.0.0.1:9464, for instance")
    }
    let number = place.bindingError
    switch number {
    case 0: return .ok("http://\(address)/ is free for the agent")
    case EADDRINUSE where isAgentsPage(place):
      return agentRuns
        ? .ok("http://\(address)/ is an agent's page")
        : .fail("http://\(address)/ is another agent's page: none runs on this configuration's storage", "take another port: page.listen")
    case EADDRINUSE:
      return .fail("another program listens on \(address)", "end it (ss -ltnp 'sport = :\(address.port)' names it), or take another port: page.listen")
    case EACCES: return .fail("this user may not listen on \(address)", "take a port above 1023: page.listen")
    default: return .fail("\(address) can't be listened on: \(unsafe String(cString: strerror(number)))", "correct page.listen")
    }
  }

  /// Whether an agent answers there. Waits for two seconds at most for each answer.
  private static func isAgentsPage(_ place: NetworkPlace) -> Bool {
    let descriptor = socket(place.family, CInt(SOCK_STREAM.rawValue) | CInt(SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return false }
    defer { close(descriptor) }
    var patience = timeval(tv_sec: 2, tv_usec: 0)
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_RCVTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    _ = unsafe setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &patience, socklen_t(MemoryLayout<timeval>.size))
    let request = Array("GET /status.json HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".utf8)
    guard place.connect(descriptor) == 0, unsafe send(descriptor, request, request.count, CInt(MSG_NOSIGNAL)) == request.count else { return false }
    var answer: [UInt8] = []
    var chunk = [UInt8](repeating: 0, count: 4096)
    // The schema is the first member, behind the headers.
    while answer.count < 16_384 {
      let count = unsafe recv(descriptor, &chunk, chunk.count, 0)
      guard count > 0 else { break }
      answer += chunk[..<count]
    }
    return String(decoding: answer, as: UTF8.self).contains("\"schema\":\"swiftlet/status/1\"")
  }
}
