namespace Keyhole.NetStack;

// RFC 9293 section 3.3.2. LISTEN has no flow: a SYN waits as a PendingSyn until the host has dialled. TIME-WAIT leaves the flow as
// soon as its receive queue is drained, for a compact entry of its own.
//
//      PendingSyn                            Connect
//          | Accept: SYN,ACK                    | SYN
//          v                                    v
//    +--------------+      SYN / SYN,ACK   +----------+
//    | SYN-RECEIVED |<---------------------| SYN-SENT |
//    +--------------+                      +----------+
//          | ACK of SYN                         | SYN,ACK / ACK
//          |            +-------------+         |
//          +----------->| ESTABLISHED |<--------+
//                       +-------------+
//        CloseSend / FIN  |         |  FIN / ACK
//                         v         v
//              +------------+     +------------+
//              | FIN-WAIT-1 |     | CLOSE-WAIT |
//              +------------+     +------------+
//    ACK of FIN |     | FIN / ACK       | CloseSend / FIN
//               v     v                 v
//    +------------+ +---------+    +----------+
//    | FIN-WAIT-2 | | CLOSING |    | LAST-ACK |
//    +------------+ +---------+    +----------+
//     FIN / ACK |     | ACK of FIN      | ACK of FIN
//               v     v                 v
//             +-----------+   60 s  +--------+
//             | TIME-WAIT |-------->| CLOSED |
//             +-----------+         +--------+

/// <summary>The state of a flow (RFC 9293 section 3.3.2).</summary>
public enum TcpState : byte
{
    Closed,
    SynSent,
    SynReceived,
    Established,
    FinWait1,
    FinWait2,
    CloseWait,
    Closing,
    LastAck,
    TimeWait,
}
