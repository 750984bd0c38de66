import CMosquitto

// What the owner thread does with accepted messages; all of it runs there.
extension BrokerConnection {
  /// Whatever isn't sent after all must be finished.
  func takeQueued() -> [Publication] {
    mutex.withLock {
      defer { shared.queue.removeAll() }
      return shared.queue
    }
  }

  func send(_ publication: Publication, on session: MosquittoSession) throws(MosquittoSession.Failure) {
    let properties: Properties
    do {
      properties = try Properties(of: publication.message)
    } catch {
      // Checked when it was accepted; only exhausted memory can bring it here.
      throw MosquittoSession.Failure(status: Int32(MOSQ_ERR_NOMEM.rawValue), systemError: 0)
    }
    let packet = try session.publish(publication.message, properties)
    mutex.withLock { shared.counters.published += 1 }
    // The library gives numbers out in a circle, whether or not the broker has acknowledged the one before.
    if let stranded = inFlight.updateValue(publication, forKey: packet) { finish(stranded, .lost) }
  }

  /// The broker's acknowledgement, or for at-most-once the network's taking of `packet`.
  func finish(_ packet: Int32, _ reason: ReasonCode) {
    guard let publication = inFlight.removeValue(forKey: packet) else { return }
    finish(publication, reason.isFailure ? .refused(reason) : .acknowledged)
  }

  func finish(_ publication: Publication, _ outcome: DeliveryOutcome) {
    mutex.withLock {
      shared.pending.messages -= 1
      shared.pending.bytes -= publication.size
      switch outcome {
      case .acknowledged: shared.counters.acknowledged += 1
      case .refused: shared.counters.refused += 1
      case .lost: shared.counters.lost += 1
      }
    }
    publication.completion?(outcome)
  }

  func deliver(_ message: IncomingMessage) {
    let handlers = mutex.withLock {
      shared.counters.received += 1
      return shared.subscriptions.filter { Topic.matches(message.topic, filter: $0.filter) }.map(\.handler)
    }
    for handler in handlers { handler(message) }
  }

  /// Makes the subscriptions that this connection doesn't have yet, and ends those given up.
  func renewSubscriptions(on session: MosquittoSession) throws(MosquittoSession.Failure) {
    let (abandoned, wanted) = mutex.withLock { () -> ([String], [Subscription]) in
      let wanted = shared.subscriptions.filter { !$0.isRequested }
      for index in shared.subscriptions.indices { shared.subscriptions[index].isRequested = true }
      defer { shared.abandonedFilters.removeAll() }
      return (shared.abandonedFilters, wanted)
    }
    for filter in abandoned { try session.unsubscribe(filter) }
    for subscription in wanted {
      let packet = try session.subscribe(subscription.filter, quality: subscription.quality, keepingRetainFlag: subscription.keepsRetainFlag)
      if let completion = subscription.completion { subscriptionPackets[packet] = completion }
    }
  }
}
