public import MQTTTransport
import Pipelines

/// What devices tell, on its way from the broker to whoever watches: of each topic the newest message, so that it is bounded by the fleet.
public final class FleetFeed: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private let changed = PthreadCondition()
  private var newest: [String: [UInt8]] = [:]
  private var isWoken = false
  private var isStopping = false

  private let patience: Duration

  /// - Parameter patience: waited between attempts to connect.
  public init(patience: Duration = .seconds(5)) { self.patience = patience }

  func put(_ topic: String, _ payload: [UInt8]) {
    mutex.withLock {
      guard newest[topic] != nil || newest.count < Fleet.largestDeviceCount else { return }
      newest[topic] = payload
    }
    changed.broadcast()
  }

  /// Ends a wait.
  func wake() {
    mutex.withLock { isWoken = true }
    changed.broadcast()
  }

  /// Ends `follow`.
  public func stop() {
    mutex.withLock { isStopping = true }
    changed.broadcast()
  }

  var isStopped: Bool { mutex.withLock { isStopping } }

  /// Waits until something came, someone woke this, or the time is over, and takes what came.
  func take(within limit: Duration) -> [(topic: String, payload: [UInt8])] {
    let deadline = MonotonicClock.now().advanced(by: limit)
    mutex.lock()
    defer { mutex.unlock() }
    while newest.isEmpty, !isWoken, !isStopping, changed.wait(with: mutex, until: deadline) {}
    isWoken = false
    defer { newest = [:] }
    return newest.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// How often it is looked whether anything is due, where nothing comes.
  private static let interval = Duration.seconds(60)

  /// Follows the fleet until `stop()`: connects, connects again, and calls `each` whenever something came, and once a minute.
  ///
  /// - Parameters:
  ///   - each: what came since the last call; first what was retained.
  ///   - onTrouble: why there is no connection, or what `each` threw; it goes on afterwards.
  public func follow(
    _ settings: BrokerSettings, each: (BrokerSession, [(topic: String, payload: [UInt8])]) throws(ReleaseError) -> Void,
    onTrouble: (ReleaseError) -> Void
  ) {
    while !isStopped {
      do throws(ReleaseError) {
        let session = try BrokerSession(settings)
        defer { session.close() }
        try session.follow([ReleaseTopics.deviceModels, ReleaseTopics.followedTimestamp], into: self)
        // The first look is at what was retained, and also at nothing.
        var limit = Duration.zero
        while !isStopped, session.isUp {
          let messages = take(within: limit)
          limit = Self.interval
          do throws(ReleaseError) { try each(session, messages) } catch {
            if error.code == .broker { throw error }
            onTrouble(error)
          }
        }
        if !isStopped { throw ReleaseError(.broker, "the connection to \(settings.address) ended; it is tried again") }
      } catch {
        onTrouble(error)
        pause()
      }
    }
  }

  private func pause() {
    let deadline = MonotonicClock.now().advanced(by: patience)
    mutex.lock()
    defer { mutex.unlock() }
    while !isStopping, changed.wait(with: mutex, until: deadline) {}
  }
}
