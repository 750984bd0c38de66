import CMosquitto
import Glibc
import Pipelines

extension MosquittoSession {
  /// What the library reported, as an error for a person.
  func error(_ failure: Failure, connected: Bool, address: BrokerAddress, tls: BrokerSettings.TLSFiles) -> MQTTTransportError {
    if let complaint = inbox.complaint, address.usesTLS {
      return MQTTTransportError(.tls, "TLS with \(address) failed: \(Self.explain(complaint, address, tls))\(Self.clockHint(complaint))")
    }
    let isTLSBroken = failure.status == MOSQ_ERR_ERRNO.rawValue && failure.systemError == EPROTO || failure.status == MOSQ_ERR_CONN_LOST.rawValue
    if address.usesTLS && !connected && isTLSBroken {
      // The broker's alert is lost when it closes with something of ours unread.
      let guess =
        tls.certificate.map { "it may not accept this client's certificate ‘\($0)’" } ?? "it may ask for a client certificate (mqtt: certificate and key)"
      return MQTTTransportError(.tls, "TLS with \(address) failed: the other side hung up; \(guess), or doesn't speak TLS on this port")
    }
    switch mosq_err_t(failure.status) {
    case MOSQ_ERR_EAI:
      let reason = unsafe String(cString: gai_strerror(failure.systemError))
      return MQTTTransportError(.unknownHost, "the broker's name ‘\(address.host)’ can't be resolved: \(reason); check mqtt: url and the name server")
    case MOSQ_ERR_NOMEM:
      return MQTTTransportError(.noResources, "no memory left for the connection to \(address)")
    case MOSQ_ERR_TLS, MOSQ_ERR_TLS_HANDSHAKE:
      return MQTTTransportError(.tls, "TLS with \(address) failed; check that this port speaks TLS")
    case MOSQ_ERR_KEEPALIVE:
      return MQTTTransportError(.connectionLost, "the broker at \(address) stopped answering")
    case MOSQ_ERR_PROTOCOL, MOSQ_ERR_MALFORMED_PACKET, MOSQ_ERR_MALFORMED_UTF8, MOSQ_ERR_DUPLICATE_PROPERTY, MOSQ_ERR_NOT_SUPPORTED, MOSQ_ERR_INVAL:
      return MQTTTransportError(
        .protocolViolation, "what answers at \(address) doesn't keep to MQTT 5; check that it is an MQTT broker\(Self.tlsHint(address))")
    case MOSQ_ERR_ERRNO where !connected:
      return Self.unreachable(address, failure.systemError)
    case MOSQ_ERR_ERRNO:
      let reason = unsafe String(cString: strerror(failure.systemError))
      return MQTTTransportError(.connectionLost, "the connection to \(address) broke: \(reason)")
    case MOSQ_ERR_CONN_LOST, MOSQ_ERR_NO_CONN:
      let hint = connected ? "" : " before it answered\(Self.tlsHint(address))"
      return MQTTTransportError(.connectionLost, "the broker at \(address) closed the connection\(hint)")
    default:
      let reason = unsafe String(cString: mosquitto_strerror(failure.status))
      return MQTTTransportError(.connectionLost, "the connection to \(address) failed: \(reason)")
    }
  }

  static func unreachable(_ address: BrokerAddress, _ systemError: Int32) -> MQTTTransportError {
    let reason = unsafe String(cString: strerror(systemError))
    let advice =
      switch systemError {
      case ECONNREFUSED: "check that a broker runs there and listens on this port"
      // Someone was there, and didn't like what came.
      case ECONNRESET, EPIPE: "check that an MQTT broker listens on this port\(tlsHint(address))"
      default: "check the network and mqtt: url"
      }
    if systemError == EMFILE || systemError == ENFILE {
      return MQTTTransportError(.noResources, "no descriptor left to connect to \(address): \(reason); raise this service's limit on open files")
    }
    return MQTTTransportError(.unreachable, "\(address) can't be reached: \(reason); \(advice)")
  }

  static func tlsHint(_ address: BrokerAddress) -> String {
    address.usesTLS ? "" : "; if this port expects TLS, write mqtts://"
  }

  /// Without a battery a clock starts in the past, where no certificate is valid yet.
  static func clockHint(_ complaint: String, _ clock: ClockStatus = .current(), _ now: WallTime = MonotonicClock.wallTime()) -> String {
    guard complaint.contains("certificate verify failed"), !complaint.contains("host name"), clock == .unsynchronised else { return "" }
    // To the hour: a text that changed with each attempt would fill the log.
    return "; this machine's clock says \(now.rfc3339.prefix(13)):00Z and no time service keeps it: it is tried again as soon as the clock is set"
  }

  /// OpenSSL's words, with what to do about the common ones.
  private static func explain(_ complaint: String, _ address: BrokerAddress, _ tls: BrokerSettings.TLSFiles) -> String {
    let authority = tls.authority ?? "/etc/ssl/certs"
    let advice: [(String, String)] = [
      ("certificate/key are inconsistent", "the key ‘\(tls.key ?? "")’ doesn't belong to the certificate ‘\(tls.certificate ?? "")’"),
      ("key values mismatch", "the key ‘\(tls.key ?? "")’ doesn't belong to the certificate ‘\(tls.certificate ?? "")’"),
      ("host name verification failed", "the broker's certificate is for another host than ‘\(address.host)’; check mqtt: url"),
      ("certificate verify failed", "the broker's certificate is not vouched for by ‘\(authority)’, or is out of date; check mqtt: ca and the clock"),
      ("Unable to load CA certificates", "‘\(authority)’ holds no certificates; expected PEM"),
      ("Unable to load client certificate", "‘\(tls.certificate ?? "")’ holds no certificate; expected PEM"),
      ("Unable to load client key", "‘\(tls.key ?? "")’ holds no unencrypted private key; expected PEM"),
      ("certificate required", "the broker asks for a client certificate; set mqtt: certificate and key"),
      ("unknown ca", "the broker doesn't accept this client's certificate ‘\(tls.certificate ?? "none")’"),
      ("bad certificate", "the broker doesn't accept this client's certificate ‘\(tls.certificate ?? "none")’"),
      ("unexpected eof", "the other side hung up in the middle; check that this port speaks TLS"),
      ("wrong version number", "this port doesn't speak TLS; write mqtt:// or use the broker's TLS port"),
    ]
    return advice.first { complaint.contains($0.0) }?.1 ?? complaint
  }
}
