import Foundation

/// Collects what callbacks bring, and lets a test wait for it.
public final class Recorder<Element: Sendable>: @unchecked Sendable {
  private let condition = NSCondition()
  private var elements: [Element] = []

  public init() {}

  public func append(_ element: Element) {
    condition.lock()
    elements.append(element)
    condition.broadcast()
    condition.unlock()
  }

  public var all: [Element] {
    condition.lock()
    defer { condition.unlock() }
    return elements
  }

  /// Waits until `isEnough` holds for what was collected; false if it doesn't within `limit` seconds, generous as it only
  /// bounds a failing test.
  @discardableResult
  public func wait(limit: Double = 30, until isEnough: ([Element]) -> Bool) -> Bool {
    let deadline = Date(timeIntervalSinceNow: limit)
    condition.lock()
    defer { condition.unlock() }
    while !isEnough(elements) {
      guard condition.wait(until: deadline) else { return isEnough(elements) }
    }
    return true
  }

  /// Waits for the first element that `isMatch` accepts.
  public func first(limit: Double = 30, where isMatch: (Element) -> Bool) -> Element? {
    wait(limit: limit) { $0.contains(where: isMatch) }
    return all.first(where: isMatch)
  }
}
