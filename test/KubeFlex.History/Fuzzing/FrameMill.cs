using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using KubeFlex.Etcd.Protocol;
using KubeFlex.History.Driving;

namespace KubeFlex.History.Fuzzing;

/// <summary>Makes messages and HTTP/2 frames that are right, and then spoils them.</summary>
internal sealed class FrameMill(Random random)
{
    public static readonly string[] Methods =
    [
        "KV/Range", "KV/Put", "KV/Txn", "KV/DeleteRange", "KV/Compact", "Watch/Watch", "Lease/LeaseGrant", "Lease/LeaseRevoke", "Lease/LeaseKeepAlive", "Lease/LeaseTimeToLive", "Lease/LeaseLeases",
        "Maintenance/Status", "Maintenance/Hash", "Maintenance/HashKV", "Maintenance/Alarm", "Maintenance/Snapshot", "Maintenance/Defragment", "Cluster/MemberList", "Cluster/MemberAdd", "Auth/Authenticate", "KV/Nothing",
    ];

    private static readonly byte[] Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"u8.ToArray();

    public string Method() => Methods[random.Next(Methods.Length)];

    /// <summary>A gRPC body, mostly spoilt.</summary>
    public byte[] Body()
    {
        var body = EtcdConnection.Frame(Message());
        return random.Next(8) switch
        {
            0 => Noise(random.Next(200)),
            1 => body[..random.Next(body.Length)],
            2 => [.. body, .. EtcdConnection.Frame(Message()), .. Noise(random.Next(4))],
            3 => Length(body, (uint)random.Next(int.MaxValue) * 2),
            4 => Length(body, (uint)random.Next(body.Length * 2)),
            5 => Nested(),
            _ => Spoil(body),
        };
    }

    /// <summary>All that a connection sends: a right conversation that is spoilt in places, or frames that make no sense together.</summary>
    public byte[] Conversation()
    {
        var bytes = new List<byte>(Preface);
        bytes.AddRange(Frame(4, 0, 0, []));
        var streams = random.Next(1, 6);
        for (var i = 0; i < streams; i++)
        {
            var id = i * 2 + 1;
            if (random.Next(3) > 0)
            {
                bytes.AddRange(Frame(1, 4, id, Headers(Method())));
                bytes.AddRange(Frame(0, (byte)random.Next(2), id, Body()));
            }
            else bytes.AddRange(Frame((byte)random.Next(12), (byte)random.Next(256), random.Next(9), Noise(random.Next(80))));
        }
        var whole = bytes.ToArray();
        return random.Next(3) switch
        {
            0 => whole,
            1 => [.. Preface, .. Frame(4, 0, 0, []), .. Spoil(whole[(Preface.Length + 9)..])],
            _ => Spoil(whole),
        };
    }

    private static byte[] Frame(byte type, byte flags, int stream, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteUInt32BigEndian(frame, (uint)payload.Length << 8);
        (frame[3], frame[4]) = (type, flags);
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(5), stream);
        payload.CopyTo(frame, 9);
        return frame;
    }

    /// <summary>RFC 7541: literals that are not indexed, names and values as they are.</summary>
    private byte[] Headers(string method)
    {
        var block = new List<byte>();
        void Add(string name, string value)
        {
            block.Add(0);
            foreach (var text in (string[])[name, value])
            {
                var bytes = Encoding.ASCII.GetBytes(text);
                block.Add((byte)Math.Min(126, bytes.Length));
                block.AddRange(bytes.Take(126));
            }
        }
        Add(":method", "POST");
        Add(":scheme", "http");
        Add(":path", "/etcdserverpb." + method);
        Add(":authority", random.Next(10) == 0 ? "http://127.0.0.1" : "127.0.0.1");
        Add("content-type", random.Next(10) == 0 ? "application/grpc+proto" : "application/grpc");
        Add("te", "trailers");
        if (random.Next(4) == 0) Add("grpc-timeout", $"{random.Next(-5, 50)}{"HMSmunx"[random.Next(7)]}");
        if (random.Next(10) == 0) Add("grpc-encoding", "gzip");
        return [.. block];
    }

    private ByteString Bytes(int most) => ByteString.CopyFrom(Noise(random.Next(most)));

    private ByteString Key() => random.Next(4) == 0 ? Bytes(40) : ByteString.CopyFromUtf8("k");

    private long Number() => random.Next(4) switch { 0 => random.NextInt64(), 1 => -random.NextInt64(), _ => random.Next(-3, 9) };

    private IMessage Message() => random.Next(9) switch
    {
        0 => new PutRequest { Key = Key(), Value = Bytes(400), Lease = random.Next(5) == 0 ? Number() : 0, PrevKv = random.Next(2) == 0, IgnoreValue = random.Next(9) == 0, IgnoreLease = random.Next(9) == 0 },
        1 => new TxnRequest { Compare = { Compare() }, Success = { Operation(0) }, Failure = { Operation(0), Operation(0) } },
        2 => new WatchRequest { CreateRequest = new() { Key = Key(), RangeEnd = Bytes(5), StartRevision = Number(), WatchId = Number(), Fragment = true, ProgressNotify = true, PrevKv = true } },
        3 => new WatchRequest { CancelRequest = new() { WatchId = Number() } },
        4 => new RangeRequest { Key = Key(), RangeEnd = Bytes(3), Limit = Number(), Revision = Number(), SortOrder = (RangeRequest.Types.SortOrder)random.Next(5), SortTarget = (RangeRequest.Types.SortTarget)random.Next(7), MinModRevision = Number() },
        5 => new LeaseGrantRequest { TTL = Number(), ID = Number() },
        6 => new CompactionRequest { Revision = Number() },
        7 => new DeleteRangeRequest { Key = Key(), RangeEnd = Bytes(2) },
        _ => new WatchRequest { ProgressRequest = new() },
    };

    private Compare Compare() => new() { Key = Key(), Target = (Compare.Types.CompareTarget)random.Next(6), Result = (Compare.Types.CompareResult)random.Next(5), ModRevision = Number(), RangeEnd = Bytes(2) };

    private RequestOp Operation(int depth) => random.Next(5) switch
    {
        0 => new() { RequestRange = new() { Key = Key(), Revision = Number() } },
        1 => new() { RequestPut = new() { Key = Key(), Value = Bytes(50) } },
        2 => new() { RequestDeleteRange = new() { Key = Key() } },
        3 when depth < 4 => new() { RequestTxn = new() { Compare = { Compare() }, Success = { Operation(depth + 1) }, Failure = { Operation(depth + 1) } } },
        _ => new(),
    };

    /// <summary>Transactions in transactions, deeper than a stack likes.</summary>
    private byte[] Nested()
    {
        byte[] message = [];
        var depth = random.Next(1, 3_000);
        for (var i = 0; i < depth && message.Length < 60_000; i++)
        {
            // TxnRequest.success = 2, RequestOp.request_txn = 4.
            byte[] operation = [0x22, .. Varint(message.Length), .. message];
            message = [0x12, .. Varint(operation.Length), .. operation];
        }
        var frame = new byte[5 + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame.AsSpan(1), message.Length);
        message.CopyTo(frame, 5);
        return frame;
    }

    private static byte[] Varint(int number)
    {
        var bytes = new List<byte>();
        for (; number >= 0x80; number >>= 7) bytes.Add((byte)(number | 0x80));
        return [.. bytes, (byte)number];
    }

    private byte[] Noise(int length)
    {
        var bytes = new byte[length];
        random.NextBytes(bytes);
        return bytes;
    }

    private static byte[] Length(byte[] frame, uint length)
    {
        BinaryPrimitives.WriteUInt32BigEndian(frame.AsSpan(1), length);
        return frame;
    }

    private byte[] Spoil(byte[] bytes)
    {
        for (var i = random.Next(1, 5); i > 0 && bytes.Length > 1; i--)
        {
            var at = random.Next(bytes.Length);
            switch (random.Next(4))
            {
                case 0:
                    bytes[at] ^= (byte)(1 << random.Next(8));
                    break;
                case 1:
                    bytes[at] = (byte)random.Next(256);
                    break;
                case 2:
                    bytes = [.. bytes[..at], .. bytes[Math.Min(bytes.Length, at + random.Next(8))..]];
                    break;
                default:
                    bytes = [.. bytes[..at], .. Noise(random.Next(8)), .. bytes[at..]];
                    break;
            }
        }
        return bytes;
    }
}
