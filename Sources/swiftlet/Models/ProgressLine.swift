import Glibc
import Pipelines

/// Progress of long work on standard error, with the time left; silent where nobody watches.
final class ProgressLine {
  private let label: String
  private let total: Int
  private var done = 0
  private let begin = MonotonicClock.now()

  init(label: String, total: Int) {
    self.label = label
    self.total = total
  }

  func advance() {
    done += 1
    guard Terminal.showsProgress else { return }
    let elapsed = begin.milliseconds(to: MonotonicClock.now()) / 1000
    let left = elapsed / Double(done) * Double(total - done)
    Terminal.showProgress("\r\(label) \(done)/\(total), \(Int(left.rounded(.up))) s left   ")
  }

  func end() {
    if Terminal.showsProgress, done > 0 { Terminal.showProgress("\n") }
  }
}
