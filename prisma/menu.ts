/**
 * The menu of a first run: three kitchens, 62 dishes, 30 coupons. Invented; only the dishes themselves exist.
 * A dish is [id, English, Chinese, price in cents, portions]. Lunch sets and the famous dishes run short on purpose:
 * a rush should sell something out.
 */

type DishEntry = readonly [id: string, en: string, zh: string, priceCents: number, supplied: number];

export interface MenuStore {
  storeId: string;
  en: string;
  zh: string;
  dishes: readonly DishEntry[];
}

export const MENU: readonly MenuStore[] = [
  {
    storeId: "red-lantern",
    en: "Red Lantern Sichuan Kitchen",
    zh: "红灯笼川菜馆",
    dishes: [
      ["mapo-tofu", "Mapo Tofu", "麻婆豆腐", 2600, 400],
      ["kung-pao-chicken", "Kung Pao Chicken", "宫保鸡丁", 3200, 320],
      ["twice-cooked-pork", "Twice-Cooked Pork", "回锅肉", 3800, 240],
      ["fish-fragrant-pork", "Fish-Fragrant Shredded Pork", "鱼香肉丝", 3000, 260],
      ["fish-fragrant-aubergine", "Fish-Fragrant Aubergine", "鱼香茄子", 2400, 220],
      ["water-boiled-fish", "Fish in Chilli Oil", "水煮鱼", 6800, 80],
      ["water-boiled-beef", "Beef in Chilli Oil", "水煮牛肉", 5800, 90],
      ["saliva-chicken", "Mouth-Watering Chicken", "口水鸡", 3600, 140],
      ["husband-and-wife", "Sliced Beef and Offal in Chilli Sauce", "夫妻肺片", 3800, 110],
      ["chongqing-chicken", "Chongqing Chicken with Dried Chillies", "重庆辣子鸡", 4200, 150],
      ["ants-on-a-tree", "Ants Climbing a Tree", "蚂蚁上树", 2200, 180],
      ["dry-fried-beans", "Dry-Fried Green Beans", "干煸四季豆", 2200, 240],
      ["tiger-skin-peppers", "Tiger-Skin Green Peppers", "虎皮青椒", 1800, 200],
      ["sour-spicy-potato", "Hot and Sour Shredded Potato", "酸辣土豆丝", 1600, 320],
      ["smashed-cucumber", "Smashed Cucumber with Garlic", "拍黄瓜", 1200, 360],
      ["steamed-pork-rice-flour", "Steamed Pork with Rice Flour", "粉蒸肉", 3600, 100],
      ["pickled-fish", "Fish with Pickled Mustard Greens", "酸菜鱼", 5600, 120],
      ["dandan-noodles", "Dan Dan Noodles", "担担面", 1600, 300],
      ["dragon-wontons", "Sichuan Wontons in Red Oil", "红油抄手", 1800, 260],
      ["sweet-water-noodles", "Sweet Water Noodles", "甜水面", 1500, 140],
      ["three-cannon-cakes", "Three Cannon Rice Cakes", "三大炮", 1200, 90],
      ["red-lantern-lunch-set", "Red Lantern Lunch Set", "红灯笼午市套餐", 2980, 120],
    ],
  },
  {
    storeId: "harbour-dim-sum",
    en: "Harbour Dim Sum House",
    zh: "海港点心坊",
    dishes: [
      ["har-gow", "Crystal Shrimp Dumplings", "水晶虾饺", 2800, 360],
      ["siu-mai", "Pork and Shrimp Siu Mai", "干蒸烧卖", 2600, 360],
      ["char-siu-bao", "Barbecue Pork Buns", "叉烧包", 1800, 420],
      ["custard-bao", "Molten Custard Buns", "流沙包", 2000, 200],
      ["rice-roll-shrimp", "Rice Noodle Rolls with Shrimp", "鲜虾肠粉", 2400, 220],
      ["rice-roll-beef", "Rice Noodle Rolls with Beef", "牛肉肠粉", 2200, 220],
      ["chicken-feet", "Chicken Feet in Black Bean Sauce", "豉汁凤爪", 2000, 180],
      ["spare-ribs", "Steamed Spare Ribs with Black Beans", "豉汁蒸排骨", 2400, 180],
      ["lotus-leaf-rice", "Sticky Rice in Lotus Leaf", "糯米鸡", 2200, 160],
      ["turnip-cake", "Pan-Fried Turnip Cake", "香煎萝卜糕", 1600, 240],
      ["egg-tarts", "Egg Tarts", "酥皮蛋挞", 1500, 300],
      ["century-egg-congee", "Congee with Pork and Century Egg", "皮蛋瘦肉粥", 1800, 260],
      ["boat-congee", "Sampan Congee", "艇仔粥", 2200, 140],
      ["white-cut-chicken", "White-Cut Chicken", "白切鸡", 5200, 60],
      ["roast-goose", "Roast Goose", "深井烧鹅", 8800, 40],
      ["char-siu", "Honey Barbecue Pork", "蜜汁叉烧", 4800, 100],
      ["dry-fried-beef-noodles", "Dry-Fried Beef Noodles", "干炒牛河", 2800, 240],
      ["singapore-noodles", "Singapore-Style Rice Vermicelli", "星洲炒米", 2600, 180],
      ["claypot-rice", "Claypot Rice with Cured Meat", "腊味煲仔饭", 3400, 90],
      ["harbour-lunch-set", "Harbour Lunch Set", "海港午市套餐", 3280, 120],
    ],
  },
  {
    storeId: "noodle-lane",
    en: "Noodle Lane",
    zh: "面巷子",
    dishes: [
      ["lanzhou-beef-noodles", "Lanzhou Beef Noodles", "兰州牛肉面", 1800, 500],
      ["biangbiang-noodles", "Biangbiang Noodles", "油泼面", 1900, 320],
      ["zhajiang-noodles", "Noodles with Soybean Paste", "老北京炸酱面", 1700, 300],
      ["hot-dry-noodles", "Wuhan Hot Dry Noodles", "热干面", 1300, 320],
      ["chongqing-noodles", "Chongqing Noodles", "重庆小面", 1500, 340],
      ["scallion-oil-noodles", "Scallion Oil Noodles", "葱油拌面", 1200, 300],
      ["crossing-bridge-noodles", "Crossing-the-Bridge Rice Noodles", "过桥米线", 2800, 150],
      ["luosifen", "Liuzhou Snail Noodles", "柳州螺蛳粉", 2000, 200],
      ["knife-cut-noodles", "Knife-Cut Noodles with Braised Pork", "刀削面", 1900, 220],
      ["cold-noodles", "Cold Skin Noodles", "凉皮", 1200, 260],
      ["lamb-paomo", "Lamb Soup with Torn Flatbread", "羊肉泡馍", 3000, 120],
      ["roujiamo", "Pork Burger of Xi'an", "腊汁肉夹馍", 1300, 400],
      ["lamb-skewers", "Cumin Lamb Skewers", "孜然羊肉串", 2400, 200],
      ["pork-dumplings", "Pork and Cabbage Dumplings", "猪肉白菜水饺", 1800, 320],
      ["chive-dumplings", "Chive and Egg Dumplings", "韭菜鸡蛋水饺", 1600, 240],
      ["pot-stickers", "Pot Stickers", "锅贴", 1600, 260],
      ["hot-sour-soup", "Hot and Sour Soup", "酸辣汤", 1000, 280],
      ["tea-eggs", "Tea Eggs", "茶叶蛋", 400, 600],
      ["sour-plum-drink", "Sour Plum Drink", "酸梅汤", 600, 500],
      ["noodle-lane-lunch-set", "Noodle Lane Lunch Set", "面巷子午市套餐", 2380, 150],
    ],
  },
];

/** Coupons of a first run: [id prefix, store or null for all, amount in cents, how many]. */
export const COUPONS: readonly (readonly [prefix: string, storeId: string | null, amountCents: number, count: number])[] = [
  ["WELCOME", null, 500, 12],
  ["LUNCH", null, 300, 6],
  ["SPICY", "red-lantern", 800, 4],
  ["DIMSUM", "harbour-dim-sum", 600, 4],
  ["NOODLE", "noodle-lane", 400, 4],
];
