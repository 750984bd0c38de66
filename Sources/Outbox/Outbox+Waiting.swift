public import Pipelines

extension Outbox {
  /// Waits until no message waits for delivery any more, for an orderly end.
  ///
  /// - Returns: false when `deadline` came first.
  @discardableResult
  public func waitUntilDelivered(until deadline: MonotonicInstant) -> Bool {
    mutex.lock()
    defer { mutex.unlock() }
    while shared.status.waiting > 0 || !shared.work.isEmpty {
      // Acknowledgements are written at once rather than gathered.
      shared.isHasty = true
      arrived.signal()
      guard settled.wait(with: mutex, until: deadline) else { return false }
    }
    return true
  }
}
