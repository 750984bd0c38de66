import Foundation

/// Listens like a broker and answers whatever it is told to: for what real brokers don't do.
public final class LyingBroker: @unchecked Sendable {
  /// What happens with each connection.
  public enum Behaviour: Sendable {
    /// Reads, never answers.
    case silence
    /// Sends these bytes after the first packet has come, then reads on in silence.
    case answers([UInt8])
    /// Sends these bytes after the first packet has come, then hangs up.
    case answersAndHangsUp([UInt8])
    /// Hangs up at once.
    case hangsUp
  }

  public let port: UInt16
  private let listener: Int32
  private let thread: Thread

  public init(_ behaviour: Behaviour) throws {
    listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    guard let port = LoopbackPort.bind(listener, to: 0), listen(listener, 16) == 0 else { throw RealBroker.Failure(description: "no port") }
    self.port = port
    thread = Thread { [listener] in
      while true {
        let client = accept(listener, nil, nil)
        guard client >= 0 else { return }
        Thread { Self.serve(client, behaviour) }.start()
      }
    }
    thread.start()
  }

  deinit {
    shutdown(listener, Int32(SHUT_RDWR))
    close(listener)
  }

  private static func serve(_ client: Int32, _ behaviour: Behaviour) {
    defer { close(client) }
    var buffer = [UInt8](repeating: 0, count: 4096)
    if case .hangsUp = behaviour { return }
    guard unsafe read(client, &buffer, buffer.count) > 0 else { return }
    switch behaviour {
    case .answers(let bytes):
      _ = unsafe send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    case .answersAndHangsUp(let bytes):
      _ = unsafe send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
      return
    case .silence, .hangsUp:
      break
    }
    while unsafe read(client, &buffer, buffer.count) > 0 {}
  }
}
