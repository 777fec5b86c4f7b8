using System.IO.Pipelines;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Http.Features;

namespace KubeFlex.Etcd.Tests.Http2;

/// <summary>A connection without a socket: what the server writes waits in a pipe, and what it reads comes in exactly the pieces that a test writes.</summary>
internal sealed class FakeConnection : ConnectionContext, IConnectionLifetimeNotificationFeature, IDuplexPipe
{
    // Continuations in the pool, like those of a socket; small, so that a peer that does not read is noticed soon.
    private readonly Pipe toServer = new(new(pauseWriterThreshold: 0, useSynchronizationContext: false)), toClient = new(new(pauseWriterThreshold: 4096, resumeWriterThreshold: 2048, useSynchronizationContext: false));
    private readonly CancellationTokenSource closeRequested = new();

    public FakeConnection()
    {
        Transport = this;
        Features.Set<IConnectionLifetimeNotificationFeature>(this);
    }

    public PipeWriter ToServer => toServer.Writer;

    public PipeReader FromServer => toClient.Reader;

    public override string ConnectionId { get; set; } = "fake";

    public override IFeatureCollection Features { get; } = new FeatureCollection();

    public override IDictionary<object, object?> Items { get; set; } = new Dictionary<object, object?>();

    public override IDuplexPipe Transport { get; set; }

    PipeReader IDuplexPipe.Input => toServer.Reader;

    PipeWriter IDuplexPipe.Output => toClient.Writer;

    public CancellationToken ConnectionClosedRequested
    {
        get => closeRequested.Token;
        set => throw new NotSupportedException();
    }

    public string? Aborted { get; private set; }

    public void RequestClose() => closeRequested.Cancel();

    public override void Abort(ConnectionAbortedException abortReason)
    {
        Aborted ??= abortReason.Message;
        toServer.Writer.Complete(abortReason);
        toClient.Reader.CancelPendingRead();
        toClient.Reader.Complete();
    }
}

/// <summary>A clock that stands until a test moves it. Only timers that repeat are kept: those of a server.</summary>
internal sealed class ManualTime : TimeProvider
{
    private readonly List<(TimerCallback Callback, object? State)> timers = [];

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        lock (timers) timers.Add((callback, state));
        return new Stopped();
    }

    /// <summary>So many rounds of every timer.</summary>
    public void Tick(int seconds)
    {
        for (var i = 0; i < seconds; i++)
        {
            foreach (var (callback, state) in timers) callback(state);
        }
    }

    private sealed class Stopped : ITimer
    {
        public bool Change(TimeSpan dueTime, TimeSpan period) => true;

        public void Dispose()
        {
        }

        public ValueTask DisposeAsync() => default;
    }
}
