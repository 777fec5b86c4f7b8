namespace KubeFlex.Etcd;

/// <summary>Hears of each request, whether it is a gRPC call or not. Called on the threads that answer, so it must be quick.</summary>
public interface IRequestObserver
{
    /// <summary>One has come.</summary>
    void Begin();

    /// <summary>It is answered, with this HTTP status: 200 for every call, since gRPC has its own.</summary>
    void End(int status);
}
