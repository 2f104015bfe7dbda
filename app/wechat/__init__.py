"""WeChat as the federation needs it: who signed in, what we may send, what WeChat tells us.

The rest of the program speaks to `gateway.WeChatGateway` and to `callback.open_push`; this is the only
package that imports wechatpy. It keeps no state but access tokens, and decides nothing about people.
"""
