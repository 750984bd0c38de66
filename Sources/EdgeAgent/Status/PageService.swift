import LocalPage
import Pipelines
import Supervision

/// The page and the metrics while a configuration runs. Where they can't be had, inspection goes on without; it is tried again.
struct PageService: Service {
  /// However many look however often, the agent is asked this often at most.
  static let freshness = Duration.milliseconds(500)
  private static let retryInterval = Duration.seconds(30)

  let name = "page"
  private let settings: PageSettings
  private let log: AgentLog
  private let routes: [PageRoute]

  init(_ settings: PageSettings, log: AgentLog, document: @escaping @Sendable () -> [UInt8]?, metrics: @escaping @Sendable () -> [UInt8]?) {
    self.settings = settings
    self.log = log
    routes = [
      StatusPage.page.route("/"),
      PageRoute("/status.json", contentType: "application/json", freshness: Self.freshness, content: document),
      PageRoute("/metrics", contentType: MetricsText.contentType, freshness: Self.freshness, content: metrics),
    ]
  }

  func run() async throws {
    while !Task.isCancelled {
      let server: PageServer
      do throws(LocalPageError) { server = try PageServer(settings.address, routes) } catch {
        log.change(.warning, of: "page", to: "there is no page: \(error.message)")
        try await Task.sleep(for: Self.retryInterval)
        continue
      }
      defer { server.stop() }
      log.change(.notice, of: "page", to: "the page is at http://\(settings.address)/, metrics at /metrics")
      while true { try await Task.sleep(for: .seconds(3600)) }
    }
  }
}
