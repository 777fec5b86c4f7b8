using System.Collections.Concurrent;
using System.Net;
using KubeFlex.Storage;
using Microsoft.Extensions.Logging;

namespace KubeFlex.Etcd.Tests.Support;

/// <summary>A face on a free port over a store of its own; it fails when the server logged an error.</summary>
internal sealed class TestEtcd : IAsyncDisposable
{
    private readonly DirectoryInfo directory = Directory.CreateTempSubdirectory("kubeflex-etcd-");
    private readonly ErrorLog errors = new();
    private Datastore? datastore;
    private EtcdFace? face;
    private EtcdListener? listener;

    public string Folder => directory.FullName;

    public Store Store { get; private set; } = null!;

    public RawClient Client { get; private set; } = null!;

    /// <summary>Address and port.</summary>
    public string Endpoint => listener!.Url["http://".Length..];

    public static async Task<TestEtcd> StartAsync(EtcdOptions? options = null)
    {
        var test = new TestEtcd();
        await test.RestartAsync(options);
        return test;
    }

    public async Task RestartAsync(EtcdOptions? options = null)
    {
        await StopAsync();
        datastore = await Datastore.OpenSqliteAsync(Path.Combine(directory.FullName, "data.db"), new(), default);
        Store = await datastore.OpenStoreAsync("default", default);
        face = new(new FixedStoreResolver(Store), options ?? new(), TimeProvider.System, LoggerFactory.Create(b => b.AddProvider(errors)));
        listener = await EtcdListener.StartAsync(face, new(new IPEndPoint(IPAddress.Loopback, 0)), b => b.AddProvider(errors), default);
        Client = new(listener.Url);
    }

    /// <summary>The same face at another address.</summary>
    public Task<EtcdListener> ListenAsync(EndPoint address) => EtcdListener.StartAsync(face!, new(address), b => b.AddProvider(errors), default);

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        directory.Delete(true);
        Assert.True(errors.Lines.IsEmpty, string.Join("\n", errors.Lines));
    }

    private async Task StopAsync()
    {
        Client?.Dispose();
        if (listener is not null) await listener.DisposeAsync();
        face?.Dispose();
        if (datastore is not null) await datastore.DisposeAsync();
    }

    private sealed class ErrorLog : ILoggerProvider, ILogger
    {
        public ConcurrentQueue<string> Lines { get; } = new();

        public ILogger CreateLogger(string categoryName) => this;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Error;

        public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel >= LogLevel.Error) Lines.Enqueue($"{formatter(state, exception)} {exception}");
        }

        public void Dispose()
        {
        }
    }
}
