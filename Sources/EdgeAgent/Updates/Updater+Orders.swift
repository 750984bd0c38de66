import JSONReading
import ModelManifest
import Pipelines
import Updates

/// What came of telling the updater to go back.
enum RollBackOutcome: Equatable, Sendable {
  /// `to` runs, and `from` is never tried again on this device.
  case done(from: UpdateJournal.Version, to: UpdateJournal.Version)
  /// There is nothing to go back from, or to; nothing has changed.
  case refused(String)
  case failed(String)
  /// The updater ends, and hasn't begun with it.
  case ending
}

/// A rollback that somebody waits for.
final class RollBackOrder: @unchecked Sendable {
  let model: String
  let reason: String
  // Under the updater's mutex.
  var isBegun = false
  var outcome: RollBackOutcome?

  init(model: String, reason: String) { (self.model, self.reason) = (model, reason) }
}

extension Updater {
  /// Longest wait for the updater's thread, which may be waiting for the broker: whoever gave the order waits, too.
  private static let orderLimit = Duration.seconds(45)

  /// Makes the version before the active one run again, as an automatic rollback does, with the code `told to`.
  ///
  /// Blocks until the updater's own thread has done it, which looks between a download's blocks: so it isn't for that thread, nor for the
  /// broker connection's.
  ///
  /// - Parameters:
  ///   - name: the model's, as pipelines have it.
  ///   - reason: for the journal and `models`.
  func rollBack(_ name: String, reason: String) -> RollBackOutcome {
    let order = RollBackOrder(model: name, reason: reason)
    let limit = MonotonicClock.now().advanced(by: Self.orderLimit)
    mutex.withLock { orders.append(order) }
    condition.broadcast()
    topics.interrupt()
    return mutex.withLock {
      while true {
        if let outcome = order.outcome { return outcome }
        let isLate = MonotonicClock.now() >= limit
        if order.isBegun {
          if isLate { return .failed("it was begun, and hasn't come to an end: see what `models` says") }
        } else if isStopped || isLate {
          orders.removeAll { $0 === order }
          return isStopped ? .ending : .failed("updates wait for the broker: give a new order")
        }
        condition.wait(with: mutex, until: limit)
      }
    }
  }

  // MARK: - The thread

  var hasOrders: Bool { mutex.withLock { !orders.isEmpty } }

  /// - Precondition: no model's store is open.
  func carryOutOrders() {
    while let order = nextOrder() { settle(order, carryOut(order)) }
  }

  /// While the store of one model is in use.
  func carryOutOrders(holding name: String, _ store: inout PackageStore) {
    while let order = nextOrder() { settle(order, order.model == name ? carryOut(order, &store) : carryOut(order)) }
  }

  private func nextOrder() -> RollBackOrder? {
    mutex.withLock {
      guard !isStopped, !orders.isEmpty else { return nil }
      let order = orders.removeFirst()
      order.isBegun = true
      return order
    }
  }

  private func settle(_ order: RollBackOrder, _ outcome: RollBackOutcome) {
    mutex.withLock { order.outcome = outcome }
    condition.broadcast()
  }

  private func carryOut(_ order: RollBackOrder) -> RollBackOutcome {
    guard names.contains(order.model) else { return .refused("no pipeline here runs a model ‘\(order.model.inOneLine(limit: 200))’ of the store") }
    do throws(UpdatesError) {
      var store = try PackageStore(models: modelsFolder, name: order.model)
      return carryOut(order, &store)
    } catch { return .failed(error.message) }
  }

  private func carryOut(_ order: RollBackOrder, _ store: inout PackageStore) -> RollBackOutcome {
    let name = order.model
    guard let active = store.active else { return .refused("no version of \(name) from the fleet runs here") }
    guard let previous = store.previous else { return .refused("there is no version of \(name) before the one that runs") }
    guard !store.failed.contains(previous.digest) else { return .refused("the version of \(name) before failed on this device") }
    let (from, to) = (version(of: active, name), version(of: previous, name))
    if let failure = goBack(name, from, code: "told to", reason: order.reason, &store) { return .failed(failure) }
    return .done(from: from, to: to)
  }

  /// As the journal has it, else as far as its package tells.
  private func version(of package: PackageStore.Package, _ name: String) -> UpdateJournal.Version {
    if let known = journal[name].version(of: package.digest) { return known }
    let manifest = try? ModelPackage(contentsOf: package.path).manifest
    return UpdateJournal.Version(version: manifest?.version ?? "unknown", release: 0, digest: package.digest.hex)
  }
}
