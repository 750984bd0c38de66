import Cryptography

/// A page of HTML with its style and its script inside, and the policy that lets a browser run these two and nothing else.
public struct BrowserPage: Sendable {
  public let bytes: [UInt8]
  /// `Content-Security-Policy`, with the hashes of both.
  public let policy: String

  /// - Parameters:
  ///   - body: HTML. It and the others are the program's own text, never a stranger's.
  ///   - images: whether the page shows pictures of its own server.
  public init(title: String, style: String, body: String, script: String, images: Bool = false) {
    bytes = Array(
      """
      <!DOCTYPE html>
      <html lang="en">
      <head>
      <meta charset="utf-8">
      <meta name="viewport" content="width=device-width, initial-scale=1">
      <meta name="color-scheme" content="light dark">
      <link rel="icon" href="data:,">
      <title>\(title)</title>
      <style>\(style)</style>
      </head>
      <body>
      \(body)
      <script>\(script)</script>
      </body>
      </html>

      """.utf8)
    policy =
      "default-src 'none'; style-src '\(Self.hash(style))'; script-src '\(Self.hash(script))'; connect-src 'self'; "
      + "img-src \(images ? "'self' blob: data:" : "data:"); base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
  }

  /// The page as a route.
  public func route(_ path: String) -> PageRoute {
    let bytes = bytes
    return PageRoute(path, contentType: "text/html; charset=utf-8", policy: policy) { bytes }
  }

  private static func hash(_ text: String) -> String { "sha256-\(base64(SHA256.digest(of: Array(text.utf8)).bytes))" }

  static func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = group.enumerated().reduce(0) { $0 | Int($1.element) << (16 - 8 * $1.offset) }
      for place in 0..<4 { text.append(place <= group.count ? alphabet[bits >> (18 - 6 * place) & 63] : UInt8(ascii: "=")) }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
