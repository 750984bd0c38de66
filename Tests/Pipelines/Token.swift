import Pipelines

/// Counts how many of its tokens have died, from any thread.
final class Graveyard: @unchecked Sendable {
  private let mutex = PthreadMutex()
  private var buried: [Int] = []

  func bury(_ number: Int) {
    mutex.withLock { buried.append(number) }
  }

  var numbers: [Int] {
    mutex.withLock { buried }
  }
}

/// A noncopyable element, as a frame is.
struct Token: ~Copyable, Sendable {
  let number: Int
  let graveyard: Graveyard

  deinit {
    graveyard.bury(number)
  }
}

func number(of token: consuming Token?) -> Int? {
  if let token { token.number } else { nil }
}
