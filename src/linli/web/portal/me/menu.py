"""What this part puts into the navigation and the palette."""

from linli.kernel.text import noop
from linli.web import navigation
from linli.web.access import PORTAL
from linli.web.navigation import Entry

_MINE = frozenset({PORTAL})
navigation.register(
    Entry("portal", noop("我办的事"), "apply:mine", "folder", _MINE, 20),
    Entry("portal", noop("授权给别人"), "me:mandates", "users", _MINE, 60),
    Entry("portal", noop("我的数据"), "me:data", "id", _MINE, 70),
    Entry("portal", noop("账号与登录"), "me:account", "settings", _MINE, 90),
)
