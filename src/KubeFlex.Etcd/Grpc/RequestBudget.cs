namespace KubeFlex.Etcd.Grpc;

/// <summary>
/// Memory for messages that have begun and not ended, of all connections together: who sends the first half of a large message on each of thousands of
/// streams and then waits would hold gigabytes. What waits for the rest of a message is given back to the windows, so they do not bound it. Small messages are not worth counting:
/// connections and streams are bounded.
/// </summary>
internal sealed class RequestBudget(long most)
{
    private const long Small = 4 << 10;

    private long held;

    /// <summary>Bytes to give back, 0 for a small message; refused when there is no room.</summary>
    public long Take(long bytes)
    {
        if (bytes <= Small) return 0;
        if (Interlocked.Add(ref held, bytes) <= most) return bytes;
        Interlocked.Add(ref held, -bytes);
        throw new GrpcException(GrpcCode.ResourceExhausted, $"etcdserver: too many large requests at once: together at most {most} bytes, try again later");
    }

    public void Return(long bytes)
    {
        if (bytes > 0) Interlocked.Add(ref held, -bytes);
    }
}
